import { describe, expect, it } from 'vitest';
import iris from '../../models/iris/model.ts';
import { profileRows } from '../data/profile.ts';
import type { PredictionRecord } from '../inference/prediction-record.ts';
import { aRecord } from './fixtures/builders.ts';
import { aCaptureWorld } from './fixtures/captures.ts';
import { readTraffic } from './traffic-window.ts';

const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
const profile = {
  schema: 'evergreen/profile/v1' as const,
  model: 'iris',
  datasetId: 'ds-1',
  rows: 1,
  features: profileRows([flower], iris),
  target: { type: 'categorical' as const, count: 1, missing: 0, counts: {}, other: 0 },
};
const base = { version: 3, definition: iris, profile, valueEdges: [] };
const now = new Date('2026-11-23T12:30:00Z');
const since = new Date('2026-11-01T00:00:00Z');

const at = (time: string, rows = 1): PredictionRecord =>
  aRecord({ predictionId: time, at: time, rows: Array.from({ length: rows }, () => flower) });

describe('readTraffic', () => {
  it('goes from a whole hour to now, and names the hours without traffic', async () => {
    const world = aCaptureWorld([
      at('2026-11-23T08:59:59.999Z'),
      at('2026-11-23T09:00:00.000Z'),
      at('2026-11-23T12:29:00.000Z'),
    ]);
    const window = await readTraffic(world, base, { windowHours: 3, since, now });
    expect(window.from).toEqual(new Date('2026-11-23T09:00:00Z'));
    expect(window.hours.map(([hour, { rows }]) => [hour.slice(11, 13), rows])).toEqual([
      ['09', 1],
      ['10', 0],
      ['11', 0],
      ['12', 1],
    ]);
    expect(window.traffic.rows).toBe(2);
    expect(window.newest?.hour).toBe('2026-11-23T12:00:00.000Z');
  });

  it('keeps each hour for the measurements after it', async () => {
    const world = aCaptureWorld([at('2026-11-23T11:10:00.000Z'), at('2026-11-23T12:10:00.000Z')]);
    const period = { windowHours: 3, since, now };
    expect(await readTraffic(world, base, period)).toMatchObject({ kept: 0, read: 2 });
    const again = await readTraffic(world, base, period);
    expect(again).toMatchObject({ kept: 2, read: 0 });
    expect(again.traffic.rows).toBe(2);
    // Another champion has bins of its own.
    expect(await readTraffic(world, { ...base, version: 4 }, period)).toMatchObject({ kept: 0, read: 2 });
  });

  it('leaves out what came before the champion, also in its first hour', async () => {
    const world = aCaptureWorld([at('2026-11-23T11:10:00.000Z'), at('2026-11-23T11:50:00.000Z')]);
    const period = { windowHours: 24, since: new Date('2026-11-23T11:30:00Z'), now };
    const window = await readTraffic(world, base, period);
    expect(window.from).toEqual(period.since);
    expect(window.traffic.rows).toBe(1);
  });

  it('reads the newest hours first, and the others next time, when many are new at once', async () => {
    const hours = ['06', '07', '08', '09', '10', '11', '12'];
    const world = aCaptureWorld(hours.map((hour) => at(`2026-11-23T${hour}:10:00.000Z`, 50_000)));
    const period = { windowHours: 12, since, now };
    const first = await readTraffic(world, base, period);
    expect(first).toMatchObject({ read: 5, kept: 0, isCutOff: true });
    expect(first.hours.filter(([, { rows }]) => rows > 0).map(([hour]) => hour.slice(11, 13))).toEqual(
      hours.slice(2),
    );
    const second = await readTraffic(world, base, period);
    expect(second).toMatchObject({ read: 2, kept: 5, isCutOff: false });
    expect(second.traffic.rows).toBe(350_000);
  }, 30_000);
});
