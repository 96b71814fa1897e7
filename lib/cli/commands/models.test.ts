import { describe, expect, it } from 'vitest';
import { anAbTest, joined } from '../../registry/fixtures/tests.ts';
import { type LogEntry, neverLive } from '../../registry/registry.ts';
import { championAt, liveRow, roleOf } from './models.ts';

const at = '2026-01-01T00:00:00.000Z';
const side = (version: number) => ({
  version,
  packagePrefix: 'p/',
  packageDigest: 'a'.repeat(64),
  modelDigest: 'b'.repeat(64),
  datasetId: 'ds',
  since: at,
});
const live = {
  ...neverLive('iris', at),
  champion: side(2),
  candidate: { ...side(3), weight: 20, runId: 'r' },
  previous: side(1),
};

function entry(change: Partial<LogEntry>): LogEntry {
  return {
    model: 'iris',
    at,
    revision: 1,
    action: 'promoted',
    version: 1,
    championBefore: null,
    championAfter: 1,
    who: 'me',
    why: 'because',
    details: {},
    ...change,
  };
}

describe('roleOf', () => {
  it('knows the part each version plays', () => {
    expect([1, 2, 3, 4].map((version) => roleOf(live, version))).toEqual([
      'previous',
      'champion',
      'candidate',
      null,
    ]);
  });
});

describe('liveRow', () => {
  it('shows the share of the candidate', () => {
    expect(liveRow(live)).toEqual(['iris', 2, '3 (20 %)', 1, at]);
    const test = joined(anAbTest(100 / 3), 3, 20);
    expect(liveRow(test)[2]).toBe('2 (33.33 %), 3 (20 %)');
    expect(roleOf(test, 3)).toBe('candidate');
    expect(liveRow(neverLive('iris', at))).toEqual(['iris', null, null, null, null]);
  });
});

describe('championAt', () => {
  it('looks past registrations and judgements, which move no traffic', () => {
    const entries = [
      entry({ action: 'alarm-judged', championAfter: 8 }),
      entry({ action: 'registered', championAfter: null }),
      entry({ championAfter: 7 }),
    ];
    expect(championAt(entries)).toBe(7);
    expect(championAt([])).toBeNull();
  });
});
