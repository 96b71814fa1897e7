import { describe, expect, it } from 'vitest';
import { type Answered, findDisagreement } from './disagreement.ts';
import { flowers, prices } from './fixtures/models.ts';

describe('findDisagreement', () => {
  it('counts by class of the champion and by value of a feature, the worst first', () => {
    const answered = Array.from({ length: 40 }, (_, index): Answered => {
      const colour = index % 2 === 0 ? 'red' : 'blue';
      const label = index % 4 < 2 ? 'rose' : 'iris';
      const differs = colour === 'red' && label === 'rose';
      return {
        row: { length: index, width: null, petals: 5, wild: true, colour },
        champion: { label },
        candidate: { label: differs ? 'daisy' : label },
      };
    });
    const found = findDisagreement(answered, flowers);
    expect(found).toMatchObject({ rows: 40, differing: 10 });
    expect(found.byClass).toEqual([
      { name: 'rose', rows: 20, differing: 10 },
      { name: 'iris', rows: 20, differing: 0 },
    ]);
    expect(found.bySlice[0]).toEqual({ name: 'colour red', rows: 20, differing: 10 });
    expect(found.bySlice.map(({ name }) => name)).toContain('width missing');
    expect(found.bySlice.map(({ name }) => name)).not.toContain('colour blue');
  });

  it('minds values of a regression that are off by more than a tenth of their middle half', () => {
    const off = (by: number) =>
      Array.from(
        { length: 100 },
        (_, index): Answered => ({
          row: { size: index, rooms: 3 },
          champion: { value: index },
          candidate: { value: index + (index > 89 ? by : 0) },
        }),
      );
    expect(findDisagreement(off(4), prices).differing).toBe(0);
    const found = findDisagreement(off(6), prices);
    expect(found.differing).toBe(10);
    expect(found.byClass[0]).toEqual({ name: 'above 66', rows: 33, differing: 10 });
    expect(found.bySlice[0]).toMatchObject({ name: 'size above 66', differing: 10 });
  });

  it('finds nothing in nothing', () => {
    expect(findDisagreement([], flowers)).toEqual({ rows: 0, differing: 0, byClass: [], bySlice: [] });
  });
});
