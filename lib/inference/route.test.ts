import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aLive } from '../registry/fixtures/builders.ts';
import { uuidV7 } from '../shared/ids.ts';
import { chooseVariant, drawnFor, positionOf } from './route.ts';

describe('chooseVariant', () => {
  it('never chooses a candidate of weight 0 and always one of weight 100', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(chooseVariant(0, positionOf(id))).toBe('champion');
        expect(chooseVariant(100, positionOf(id))).toBe('candidate');
      }),
    );
  });

  it('gives a candidate its share, also among ids of one moment', () => {
    const ids = Array.from({ length: 20_000 }, () => uuidV7(1_763_900_000_000));
    const candidates = ids.filter((id) => chooseVariant(20, positionOf(id)) === 'candidate').length;
    // Five standard deviations of a binomial share.
    expect(Math.abs(candidates / ids.length - 0.2)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / ids.length));
  });
});

describe('drawnFor', () => {
  const candidateOf = (runId: string, stickyBy?: 'caller') => {
    const { candidate } = aLive({ champion: 1, candidate: 2 });
    if (!candidate) throw new Error('no candidate');
    return { ...candidate, runId, ...(stickyBy && { stickyBy }) };
  };

  it('draws each request by itself unless the rollout keeps callers together', () => {
    expect(drawnFor(candidateOf('run'), 'p-1', 'key')).toEqual({ id: 'p-1' });
    expect(drawnFor(candidateOf('run', 'caller'), 'p-1', undefined)).toEqual({ id: 'p-1' });
  });

  it('keeps a caller on one side for a run, and gives callers their exact share', () => {
    const sideOf = (runId: string, key: string, request: string) =>
      chooseVariant(20, positionOf(drawnFor(candidateOf(runId, 'caller'), request, key).id));
    const keys = Array.from({ length: 20_000 }, (_, index) => `key ${index}`);
    const first = keys.map((key) => sideOf('run 1', key, 'a'));
    expect(keys.map((key) => sideOf('run 1', key, 'b'))).toEqual(first);
    const share = first.filter((side) => side === 'candidate').length / keys.length;
    // Five standard deviations of a binomial share.
    expect(Math.abs(share - 0.2)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / keys.length));
    expect(keys.map((key) => sideOf('run 2', key, 'a'))).not.toEqual(first);
  });

  it('tells neither the key nor the position of a caller', () => {
    const { id, caller } = drawnFor(candidateOf('run', 'caller'), 'p-1', 'secret');
    expect(caller).toMatch(/^[0-9a-f]{16}$/);
    expect(caller).not.toContain('secret');
    expect(positionOf(id)).not.toBe(positionOf(caller ?? ''));
  });
});
