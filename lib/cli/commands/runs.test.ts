import { describe, expect, it } from 'vitest';
import { type Run, type RunStatus, runStatus } from '../../intake/run.ts';
import { exitCodeOfRun, secondsOf } from './runs.ts';

function aRun(change: Partial<Run> = {}): Run {
  return {
    runId: 'iris-1',
    model: 'iris',
    trigger: { kind: 'upload', reason: 'iris.csv' },
    source: null,
    definitionDigest: null,
    status: 'running',
    reason: '',
    datasetId: null,
    version: null,
    reportKey: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    startedAt: null,
    endedAt: null,
    ...change,
  };
}

describe('exitCodeOfRun', () => {
  it('is 0 only where nothing went wrong', () => {
    const codes = Object.fromEntries(
      runStatus.options.map((status: RunStatus) => [status, exitCodeOfRun(aRun({ status }))]),
    );
    expect(codes).toEqual({
      queued: 0,
      running: 0,
      'waiting-for-approval': 0,
      promoted: 0,
      superseded: 0,
      reused: 0,
      rejected: 5,
      'rolled-back': 5,
      refused: 5,
      failed: 1,
      aborted: 1,
    });
  });
});

describe('secondsOf', () => {
  it('runs on until the run has ended', () => {
    const now = new Date('2026-01-01T00:00:30.040Z');
    expect(secondsOf(aRun(), now)).toBe(30);
    expect(secondsOf(aRun({ endedAt: '2026-01-01T00:00:12.345Z' }), now)).toBe(12.3);
  });
});
