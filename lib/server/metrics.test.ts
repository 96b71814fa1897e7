import { describe, expect, it } from 'vitest';
import { type MetricName, metricTable, prometheusName } from '../shared/metric-names.ts';
import { ServerMetrics } from './metrics.ts';

describe('ServerMetrics', () => {
  it('counts what the table of metrics says, under the names that mirror those of CloudWatch', () => {
    const told = Object.keys(metricTable) as MetricName[];
    const wanted = told.filter((name) => metricTable[name].told !== 'cloudwatch').map(prometheusName);
    const counted = new ServerMetrics(() => 0, 1000).registry
      .getMetricsAsArray()
      .map(({ name }) => name)
      // Those of the process come from the client library.
      .filter((name) => !/^evergreen_(process|nodejs)_/.test(name));
    expect(counted.toSorted()).toEqual(wanted.toSorted());
  });

  it('counts what came into memory, what went to make room, and what is left', async () => {
    const metrics = new ServerMetrics(() => 0, 1000);
    const facts = { model: 'iris', version: 1, packageDigest: 'd', memoryBytes: 300, atMs: 0 };
    const loaded = { ...facts, kind: 'version-loaded', loadMs: 5 } as const;
    metrics.observe({ ...loaded, loadedVersions: 1, loadedBytes: 300 });
    metrics.observe({ ...loaded, loadedVersions: 2, loadedBytes: 600 });
    const released = { ...facts, kind: 'version-released' } as const;
    metrics.observe({ ...released, why: 'budget', loadedVersions: 1, loadedBytes: 300 });
    metrics.observe({ ...released, why: 'not-live', loadedVersions: 0, loadedBytes: 0 });
    const page = await metrics.registry.metrics();
    expect(page).toContain('evergreen_loads_total{model="iris"} 2');
    expect(page).toContain('evergreen_evictions_total{model="iris"} 1');
    expect(page).toContain('evergreen_loaded_versions 0');
    expect(page).toContain('evergreen_loaded_bytes 0');
    expect(page).toContain('evergreen_memory_budget_bytes 1000');
  });
});
