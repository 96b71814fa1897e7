import { describe, expect, it } from 'vitest';
import { aRun } from '../intake/fixtures/builders.ts';
import type { Run } from '../intake/run.ts';
import { findRunInFlight } from './run-in-flight.ts';

const now = new Date('2026-11-23T12:00:00.000Z');

/** Whether one is at work, of these runs and what was asked for last. */
const found = (running: string | null, all: Run[], lastRetrainAt?: string) =>
  findRunInFlight('iris', {
    runs: {
      readQueue: async () => ({ running, testing: [], waiting: [], superseded: [], revision: 1 }),
      find: async (runId) => all.find((run) => run.runId === runId),
    },
    readRetrains: async () =>
      lastRetrainAt === undefined
        ? undefined
        : { lastRetrainAt, championVersion: 1, attempts: 1, runId: 'asked' },
    now: () => now,
  });

describe('findRunInFlight', () => {
  const atWork = aRun({ runId: 'at-work', status: 'running' });
  const ended = aRun({ runId: 'asked', status: 'promoted' });

  it('is the one that has its turn and has not ended', async () => {
    expect(await found('at-work', [atWork])).toBe('at-work');
    expect(await found('asked', [ended])).toBeUndefined();
    expect(await found(null, [])).toBeUndefined();
  });

  it('is the one that was asked for and is not in the run list yet', async () => {
    expect(await found(null, [], '2026-11-23T11:59:59.000Z')).toBe('asked');
    expect(await found('at-work', [atWork], '2026-11-23T11:59:59.000Z')).toBe('at-work');
    expect(await found(null, [ended], '2026-11-23T11:59:59.000Z')).toBeUndefined();
  });

  it('is given up when it is on its way for more than a quarter of an hour', async () => {
    expect(await found(null, [], '2026-11-23T11:45:00.000Z')).toBe('asked');
    expect(await found(null, [], '2026-11-23T11:44:59.999Z')).toBeUndefined();
  });
});
