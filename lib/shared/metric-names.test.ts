import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MetricName, metricTable, prometheusName } from './metric-names.ts';

const root = join(import.meta.dirname, '../..');
const names = Object.keys(metricTable) as MetricName[];
const where = {
  cloudwatch: 'CloudWatch',
  prometheus: '`/metrics`',
  both: 'CloudWatch, `/metrics`',
};

describe('prometheusName', () => {
  it.each([
    ['Requests', 'evergreen_requests_total'],
    ['LatencyMs', 'evergreen_latency_seconds'],
    ['DriftedFeatures', 'evergreen_drifted_features'],
    ['MaxPsi', 'evergreen_max_psi'],
    ['AlarmsForPeople', 'evergreen_alarms_for_people_total'],
  ] as const)('makes %s into %s', (name, wanted) => {
    expect(prometheusName(name)).toBe(wanted);
  });

  it('gives every metric a name of its own that Prometheus takes', () => {
    const all = names.map(prometheusName);
    expect(new Set(all).size).toBe(all.length);
    for (const name of all) expect(name).toMatch(/^evergreen_[a-z]+(_[a-z]+)*$/);
  });
});

describe('docs/metrics.md', () => {
  it('lists every metric by both names, in the order of the table, and no other', () => {
    const page = readFileSync(join(root, 'docs/metrics.md'), 'utf8');
    const listed = page.split('\n').filter((line) => /^\| `[A-Z]/.test(line));
    expect(listed).toEqual(
      names.map((name) => {
        const { kind, told, says } = metricTable[name];
        return `| \`${name}\` | \`${prometheusName(name)}\` | ${kind} | ${where[told]} | ${says} |`;
      }),
    );
  });
});

describe('deploy/grafana/evergreen-server.json', () => {
  it('asks for metrics that the server counts', () => {
    const dashboard = readFileSync(join(root, 'deploy/grafana/evergreen-server.json'), 'utf8');
    const asked = new Set(
      [...dashboard.matchAll(/evergreen_[a-z_0-9]+/g)]
        .map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))
        // Those of the process come from the client library.
        .filter((name) => !/^evergreen_(process|nodejs)_/.test(name)),
    );
    const counted = names.filter((name) => metricTable[name].told !== 'cloudwatch').map(prometheusName);
    expect([...asked].filter((name) => !counted.includes(name))).toEqual([]);
  });
});
