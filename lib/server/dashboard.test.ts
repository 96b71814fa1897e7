import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { repositoryRoot } from '../local/home.ts';
import { ServerMetrics } from './metrics.ts';

const dashboard = z.object({
  templating: z.object({ list: z.array(z.looseObject({ query: z.unknown() })) }),
  panels: z.array(
    z.object({
      id: z.int(),
      title: z.string(),
      gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
      targets: z.array(z.object({ expr: z.string() })).min(1),
    }),
  ),
});

describe('the dashboard', () => {
  const { panels, templating } = dashboard.parse(
    JSON.parse(readFileSync(join(repositoryRoot, 'deploy/grafana/evergreen-server.json'), 'utf8')),
  );

  async function seriesOf(): Promise<Map<string, string[]>> {
    const series = new Map<string, string[]>();
    for (const metric of await new ServerMetrics(() => 0, 1).registry.getMetricsAsArray()) {
      const {
        name,
        type,
        labelNames = [],
      } = metric as unknown as {
        name: string;
        type: string;
        labelNames?: string[];
      };
      const endings = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      for (const ending of endings) series.set(name + ending, labelNames);
    }
    return series;
  }

  it('asks for metrics that the server has, by labels that they have', async () => {
    const series = await seriesOf();
    const exprs = [
      ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      JSON.stringify(templating),
    ];
    const asked = exprs.flatMap((expr) => [...expr.matchAll(/evergreen_\w+/g)].map(([name]) => name));
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((name) => !series.has(name))).toEqual([]);
    for (const expr of exprs) {
      const [name = ''] = /evergreen_\w+/.exec(expr) ?? [];
      for (const [, by = ''] of expr.matchAll(/by \(([^)]*)\)/g)) {
        const labels = by.split(', ').filter((label) => !['le', 'instance'].includes(label));
        expect(series.get(name), expr).toEqual(expect.arrayContaining(labels));
      }
    }
  });

  it('shows every metric that the server itself counts', async () => {
    const all = JSON.stringify(panels);
    const own = [...(await seriesOf()).keys()].filter((name) => !/^evergreen_(process|nodejs)_/.test(name));
    expect(own.length).toBeGreaterThan(9);
    const missing = own.filter((name) => !all.includes(name) && !/_(bucket|sum|count)$/.test(name));
    expect(missing).toEqual([]);
  });

  it('lays no panel over another', () => {
    const places = panels.map(({ gridPos: { x, y } }) => `${x},${y}`);
    expect(new Set(places).size).toBe(panels.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});
