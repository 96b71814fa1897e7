import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../shared/random.ts';
import { aDefinition } from '../fixtures/validation.ts';
import { type EpsilonLedger, spend, totalOf } from './epsilon-ledger.ts';
import { fixedGroups, withNoise } from './private-profile.ts';
import { twoSidedGeometric } from './two-sided-geometric.ts';

const drawsOf = (seed: number) => {
  const random = seededRandom(seed);
  return () => Math.floor(random() * 2 ** 32);
};

describe('twoSidedGeometric', () => {
  it.each([100, 500, 2000])('has the chances that epsilon of %i thousandths asks for', (thousandths) => {
    const draw = drawsOf(7);
    const drawn = Array.from({ length: 40_000 }, () => twoSidedGeometric(draw, thousandths));
    const q = Math.exp(-thousandths / 1000);
    for (const n of [-2, -1, 0, 1, 2]) {
      const share = drawn.filter((each) => each === n).length / drawn.length;
      const wanted = ((1 - q) / (1 + q)) * q ** Math.abs(n);
      expect(Math.abs(share - wanted)).toBeLessThan(5 * Math.sqrt(wanted / drawn.length));
    }
    const mean = drawn.reduce((sum, each) => sum + each, 0) / drawn.length;
    const deviation = Math.sqrt((2 * q) / (1 - q) ** 2 / drawn.length);
    expect(Math.abs(mean)).toBeLessThan(5 * deviation);
  });
});

describe('fixedGroups', () => {
  it('takes groups from the definition alone, and leaves out what has none', () => {
    const { columns, leftOut } = fixedGroups(aDefinition());
    expect(columns.map(({ column }) => column)).toEqual(['weight', 'colour', 'kind']);
    expect(leftOut).toEqual([{ column: 'seeds', because: 'its min and max are not in the definition' }]);
    const [weight] = withNoise(columns, [[5, 9]], 300_000, drawsOf(1));
    expect(weight?.groups.map(({ group }) => group)).toEqual([
      '<= 100',
      '100 … 200',
      '200 … 300',
      '300 … 400',
      '400 … 500',
      '500 … 600',
      '600 … 700',
      '700 … 800',
      '800 … 900',
      '> 900',
      '(missing)',
    ]);
    // With so large an epsilon there is no noise to speak of.
    expect(weight?.groups.slice(0, 3).map(({ count }) => count)).toEqual([5, 9, 0]);
  });
});

describe('spend', () => {
  const ledger: EpsilonLedger = {
    schema: 'evergreen/epsilon-ledger/v1',
    model: 'fruit',
    datasetId: 'ds-1',
    inherited: 300,
    spent: [],
  };
  const entry = { at: '2026-11-24T10:00:00.000Z', who: 'ann', thousandths: 350, what: 'profile' };

  it('adds up to the budget, and refuses what is beyond it', () => {
    const twice = spend(spend(ledger, entry, 1000), entry, 1000);
    expect(totalOf(twice)).toBe(1000);
    expect(() => spend(twice, { ...entry, thousandths: 1 }, 1000)).toThrow(
      /epsilon of 0.001 is asked for, and 0 of 1 is left/,
    );
  });
});
