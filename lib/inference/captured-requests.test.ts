import { describe, expect, it } from 'vitest';
import { askAgain } from './captured-requests.ts';
import { flowers, prices } from './fixtures/models.ts';
import type { PredictionRecord } from './prediction-record.ts';

const aRecord = (rows: PredictionRecord['rows'], over: Partial<PredictionRecord> = {}): PredictionRecord => ({
  kind: 'prediction',
  predictionId: 'p',
  traceId: 't',
  model: 'm',
  version: 1,
  modelDigest: 'd',
  datasetId: 'ds',
  variant: 'champion',
  at: '2026-11-23T10:00:00.000Z',
  latencyMs: 1,
  rows,
  predictions: [],
  ...over,
});

describe('askAgain', () => {
  const flower = { length: 5, width: 1, petals: 5, wild: true, colour: 'red' };

  it('asks with the features that the version knows', () => {
    const { width: _, ...known } = flower;
    expect(askAgain([aRecord([{ ...known, scent: 'sweet' }])], flowers)).toEqual({
      requests: [[{ ...flower, width: null }]],
    });
  });

  it('asks nothing of a version that needs what was not captured', () => {
    expect(askAgain([aRecord([{ rooms: 2 }])], prices)).toEqual({ reason: 'captured requests have no size' });
    const { petals: _, ...before } = flower;
    expect(askAgain([aRecord([before])], flowers)).toEqual({ reason: 'captured requests have no petals' });
  });

  it('leaves out who chose the version, and takes no more than some thousand rows', () => {
    const large = aRecord(new Array(3000).fill(flower));
    const found = askAgain([aRecord([flower], { isPinned: true }), large, large], flowers);
    expect('requests' in found && found.requests.map((rows) => rows.length)).toEqual([3000]);
  });

  it('has nothing to ask where nothing was captured', () => {
    expect(askAgain([], prices)).toEqual({ requests: [] });
  });
});
