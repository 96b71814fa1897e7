import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineModel } from '../model/definition.ts';
import { EvergreenError } from '../shared/errors.ts';
import { disturb, refusedShare } from './disturbances.ts';
import { evaluateGroups } from './groups.ts';
import { partRows } from './parts.ts';
import { evaluateRobustness } from './robustness.ts';
import type { Sample } from './sample.ts';
import { evaluateSlices } from './slices.ts';

const definition = defineModel({
  name: 'loans',
  task: 'classification',
  features: {
    age: { type: 'integer', min: 0, max: 120 },
    income: { type: 'number', mayBeMissing: true },
    sex: { type: 'category', categories: ['f', 'm'], mayBeMissing: true },
  },
  target: { name: 'granted', type: 'category', categories: ['no', 'yes'] },
  train: {},
  gate: {
    slices: [{ feature: 'sex', margin: 0.05, leastRows: 10 }],
    groups: [{ feature: 'sex', favourable: 'yes', leastRows: 10 }],
  },
});

const known = z
  .object({
    groups: z.object({
      truth: z.array(z.number()),
      predicted: z.array(z.number()),
      group: z.array(z.string()),
      demographic_parity: z.number(),
      equal_opportunity: z.number(),
    }),
  })
  .parse(JSON.parse(readFileSync(new URL('fixtures/figures.json', import.meta.url), 'utf8'))).groups;

const sampleOf = (truth: number[], predicted: number[]): Sample => ({
  kind: 'classification',
  classes: ['no', 'yes'],
  isRanking: false,
  truth,
  predicted,
  scores: undefined,
});

describe('partRows', () => {
  it('parts by categories, and numbers by bands that hold their lower end', () => {
    const rows = [{ sex: 'm' }, { sex: 'f' }, { sex: null }, { sex: 'm' }];
    expect(partRows(rows, { feature: 'sex', bands: undefined, leastRows: 2 })).toEqual([
      { name: 'f', positions: [1] },
      { name: 'm', positions: [0, 3] },
      { name: 'missing', positions: [2] },
    ]);
    const ages = [17, 18, 39, 40, 99].map((age) => ({ age }));
    expect(partRows(ages, { feature: 'age', bands: [18, 40], leastRows: 2 })).toEqual([
      { name: '18 to 40', positions: [1, 2] },
      { name: '40 and more', positions: [3, 4] },
      { name: 'below 18', positions: [0] },
    ]);
  });
});

describe('evaluateSlices', () => {
  const rows = Array.from({ length: 100 }, (_, i) => ({ sex: i < 45 ? 'f' : i < 95 ? 'm' : null }));
  const truth = rows.map(() => 1);
  const everywhere = rows.map((_, place) => place);
  /** Wrong on so many of the first rows, which are all of one slice. */
  const wrongOn = (first: number) =>
    sampleOf(
      truth,
      truth.map((_, row) => (row < first ? 0 : 1)),
    );

  it('finds the slice that gets worse behind figures that stay good', () => {
    const samples = { rows, candidate: wrongOn(15), champion: wrongOn(0), unseen: everywhere };
    const [f, m, missing] = evaluateSlices(samples, definition);
    expect(f).toMatchObject({ slice: 'f', rows: 45, comparison: { verdict: 'worse', candidate: 30 / 45 } });
    expect(f?.metrics?.accuracy).toBeCloseTo(30 / 45);
    expect(m).toMatchObject({ slice: 'm', comparison: { verdict: 'not-worse' } });
    expect(missing).toEqual({
      feature: 'sex',
      slice: 'missing',
      rows: 5,
      metrics: null,
      intervals: null,
      comparison: null,
    });
  });

  it('compares on rows that are new to both, and says when these are too few', () => {
    const unseen = everywhere.filter((place) => place >= 40);
    const samples = { rows, candidate: wrongOn(15), champion: wrongOn(0), unseen };
    expect(evaluateSlices(samples, definition)[0]).toMatchObject({
      rows: 45,
      comparison: { rows: 5, leftOut: 40, verdict: 'not-enough-data' },
    });
  });
});

describe('evaluateGroups', () => {
  it("equals the differences between scikit-learn's figures of each group", () => {
    const rows = known.group.map((sex) => ({ sex }));
    const [found] = evaluateGroups(rows, sampleOf(known.truth, known.predicted), definition);
    expect(found?.gaps.demographic_parity.value).toBeCloseTo(known.demographic_parity, 9);
    expect(found?.gaps.equal_opportunity.value).toBeCloseTo(known.equal_opportunity, 9);
    expect(found?.gaps.equal_opportunity.groups).toEqual(['east', 'north', 'west']);
    const { low = Number.NaN, high = Number.NaN } = found?.gaps.demographic_parity.interval ?? {};
    expect(low).toBeLessThan(known.demographic_parity);
    expect(high).toBeGreaterThan(known.demographic_parity);
  });

  it('has no gap to give with a single group that is large enough', () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({ sex: i < 35 ? 'f' : 'm' }));
    const answers = rows.map((_, i) => i % 2);
    const [found] = evaluateGroups(rows, sampleOf(answers, answers), definition);
    expect(found?.gaps.demographic_parity).toEqual({ value: null, interval: null, groups: ['f'] });
    expect(found?.groups.map(({ rows: n }) => n)).toEqual([35, 5]);
  });
});

describe('disturb', () => {
  const rows = Array.from({ length: 400 }, (_, i) => ({ age: i % 100, income: i * 10, sex: 'f' }));
  const disturbed = [...disturb(rows, definition)];

  it('adds noise of the share asked for, whole numbers staying whole', () => {
    const noise = disturbed.find(({ kind }) => kind === 'noise');
    const moves = noise?.rows.map(({ income }, i) => Number(income) - i * 10) ?? [];
    const spread = Math.sqrt(moves.reduce((sum, move) => sum + move ** 2, 0) / moves.length);
    // A tenth of the standard deviation of 0, 10, …, 3990, which is 1154.7.
    expect(spread / 115.47).toBeGreaterThan(0.9);
    expect(spread / 115.47).toBeLessThan(1.1);
    expect(noise?.rows.every(({ age }) => Number.isInteger(age))).toBe(true);
    expect([...disturb(rows, definition)]).toEqual(disturbed);
  });

  it('takes away values only where they may be missing', () => {
    const holed = disturbed.find(({ kind }) => kind === 'missing')?.rows ?? [];
    expect(holed.every(({ age }) => age !== null)).toBe(true);
    const share = holed.filter(({ income }) => income === null).length / holed.length;
    expect(share).toBeCloseTo(0.2, 1);
  });

  it('shifts the unit of one number at a time', () => {
    const units = disturbed.filter(({ kind }) => kind === 'units');
    expect(units.map(({ feature, amount }) => [feature, amount])).toEqual([
      ['age', 10],
      ['age', 1000],
      ['income', 10],
      ['income', 1000],
    ]);
    expect(units[1]?.rows[3]).toEqual({ age: 3000, income: 30, sex: 'f' });
  });

  it('knows which rows serving would refuse', () => {
    expect(refusedShare([{ age: 30 }, { age: 300 }, { age: null }], definition.features)).toBeCloseTo(1 / 3);
  });
});

describe('evaluateRobustness', () => {
  const rows = Array.from({ length: 100 }, (_, i) => ({ age: i, income: i, sex: 'f' }));
  const byAge = (answered: readonly { [name: string]: unknown }[]) =>
    sampleOf(
      answered.map((_, i) => (i >= 50 ? 1 : 0)),
      answered.map(({ age }) => (Number(age) >= 50 ? 1 : 0)),
    );

  it('measures by how much the main metric falls', async () => {
    const found = await evaluateRobustness(rows, definition, async (some) => byAge(some));
    expect(found).toMatchObject({ metric: 'accuracy', rows: 100, undisturbed: 1 });
    const drop = (kind: string, feature: string | null, amount: number) =>
      found.disturbances.find(
        (each) => each.kind === kind && each.feature === feature && each.amount === amount,
      );
    // Of the 50 younger ones all from 5 on are taken for older.
    expect(drop('units', 'age', 10)).toMatchObject({ drop: expect.closeTo(0.45), refusedShare: 0.87 });
    expect(drop('units', 'income', 1000)).toMatchObject({ drop: 0, refusedShare: 0 });
    expect(drop('noise', null, 0.1)?.drop).toBeLessThan(0.1);
  });

  it('has no figure where the model cannot answer', async () => {
    const found = await evaluateRobustness(rows, definition, async (some) => {
      if (some.some(({ income }) => income === null)) throw new EvergreenError('model-failed', 'NaN');
      return byAge(some);
    });
    expect(found.disturbances.find(({ kind }) => kind === 'missing')).toMatchObject({
      value: null,
      drop: null,
    });
  });
});
