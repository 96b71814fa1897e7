import { describe, expect, it } from 'vitest';
import type { PredictionRecord } from '../inference/prediction-record.ts';
import { canaryTraffic } from './canary-traffic.ts';
import type { Label } from './label.ts';

const aRecord = (predictionId: string, over: Partial<PredictionRecord> = {}): PredictionRecord => ({
  kind: 'prediction',
  predictionId,
  traceId: 't',
  model: 'iris',
  version: 1,
  modelDigest: 'd',
  datasetId: 'ds',
  variant: 'champion',
  at: '2026-11-23T10:00:00.000Z',
  latencyMs: 4,
  rows: [{}, {}],
  predictions: [{ label: 'a' }, { label: 'b' }],
  ...over,
});

const aLabel = (predictionId: string, row: number, label: string | number): Label => ({
  predictionId,
  row,
  label,
  model: 'iris',
  labelledAt: '2026-11-23T10:01:00.000Z',
  corrections: 0,
  replaced: [],
  expiresAt: 0,
});

describe('canaryTraffic', () => {
  it('takes what each version answered, by request or by caller', () => {
    const { answered } = canaryTraffic([aRecord('p1'), aRecord('p2', { version: 2, caller: 'c' })], []);
    expect(answered).toEqual([
      { version: 1, group: 'p1', latencyMs: 4, outputs: ['a', 'b'] },
      { version: 2, group: 'c', latencyMs: 4, outputs: ['a', 'b'] },
    ]);
  });

  it('leaves out who chose the version, and what was answered without a network', () => {
    const records = [aRecord('p1', { isPinned: true }), aRecord('p2', { variant: 'edge' })];
    expect(canaryTraffic(records, [aLabel('p1', 0, 'a')])).toEqual({ answered: [], labelled: [] });
  });

  it('joins labels to their rows, and leaves out those of no row and of another type', () => {
    const labels = [aLabel('p1', 1, 'a'), aLabel('p1', 2, 'a'), aLabel('p9', 0, 'a'), aLabel('p1', 0, 3)];
    expect(canaryTraffic([aRecord('p1')], labels).labelled).toEqual([
      { version: 1, group: 'p1', predicted: 'b', actual: 'a' },
    ]);
  });

  it('takes values of a regression as they are', () => {
    const record = aRecord('p1', { rows: [{}], predictions: [{ value: 3.5 }] });
    expect(canaryTraffic([record], [aLabel('p1', 0, 4)])).toMatchObject({
      answered: [{ outputs: [3.5] }],
      labelled: [{ predicted: 3.5, actual: 4 }],
    });
  });
});
