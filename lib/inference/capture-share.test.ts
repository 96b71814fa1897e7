import { describe, expect, it } from 'vitest';
import { aLive } from '../registry/fixtures/builders.ts';
import { uuidV7 } from '../shared/ids.ts';
import { isCaptured } from './capture-share.ts';
import { drawSide } from './route.ts';

const ids = Array.from({ length: 4000 }, (_, place) => uuidV7(1_700_000_000_000 + place));

describe('isCaptured', () => {
  it('keeps the share, all at 1 and none at 0', () => {
    const kept = (share: number) => ids.filter((id) => isCaptured(id, share)).length / ids.length;
    expect(kept(1)).toBe(1);
    expect(kept(0)).toBe(0);
    expect(kept(0.25)).toBeGreaterThan(0.22);
    expect(kept(0.25)).toBeLessThan(0.28);
  });

  it('keeps what a smaller share kept', () => {
    for (const id of ids) if (isCaptured(id, 0.1)) expect(isCaptured(id, 0.3)).toBe(true);
  });

  it('has nothing to do with who answers', () => {
    const kept = ids.filter((id) => isCaptured(id, 0.1));
    const { candidate } = aLive({ champion: 1, candidate: 2 });
    const live = { candidate: candidate && { ...candidate, weight: 10 } };
    const byCandidate = kept.filter((id) => drawSide(live, id, undefined).candidate);
    expect(byCandidate.length / kept.length).toBeLessThan(0.2);
    expect(byCandidate.length).toBeGreaterThan(0);
  });
});
