import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { compareVersions } from './comparison.ts';
import { aSample, findings } from './fixtures/builders.ts';
import { judgeGate } from './gate.ts';

const definition = defineModel({
  name: 'm',
  task: 'classification',
  features: { x: { type: 'number' }, sex: { type: 'category', categories: ['f', 'm'] } },
  target: { name: 'y', type: 'category', categories: ['a', 'b'] },
  train: {},
  gate: { limits: { accuracy: 0.8, log_loss: 0.5 }, champion: { metric: 'accuracy', margin: 0.02 } },
});

const rule = { metric: 'accuracy', margin: 0.02 };

describe('judgeGate', () => {
  const good = findings({ accuracy: 0.9, log_loss: 0.2 });
  const none = { kind: 'none' } as const;
  const facing = (right: number, wrong: number, championRight: number, championWrong: number) => {
    const champion = aSample(championRight, championWrong);
    const comparison = compareVersions(aSample(right, wrong), champion, rule, { seed: 1 });
    return judgeGate(definition, good, { kind: 'compared', version: 3, comparison });
  };

  it('passes what keeps the limits while there is no champion', () => {
    expect(judgeGate(definition, good, none)).toMatchObject({
      verdict: 'pass',
      reasons: [
        'accuracy is 0.9; at least 0.8 is asked for',
        'log_loss is 0.2; at most 0.5 is asked for',
        'no champion yet',
      ],
    });
  });

  it('refuses with the reasons alone that speak against it', () => {
    expect(judgeGate(definition, findings({ accuracy: 0.7, log_loss: 0.2 }), none)).toMatchObject({
      verdict: 'fail',
      reasons: ['accuracy is 0.7; at least 0.8 is asked for'],
    });
  });

  it('fails closed on figures that are missing or not a number', () => {
    const odd = fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    fc.assert(
      fc.property(odd, fc.constantFrom('accuracy', 'log_loss'), (value, name) => {
        expect(judgeGate(definition, findings({ ...good.metrics, [name]: value }), none).verdict).toBe(
          'fail',
        );
      }),
    );
    expect(judgeGate(definition, findings({}), none).verdict).toBe('fail');
  });

  it('asks for the main figure even without limits', () => {
    const free = defineModel({ ...definition, gate: {} });
    expect(judgeGate(free, findings({ accuracy: null }), none).verdict).toBe('fail');
    expect(judgeGate(free, findings({ accuracy: 0.1 }), none)).toMatchObject({
      verdict: 'pass',
      reasons: ['the definition sets no limits'],
    });
  });

  it('refuses a candidate that is worse than the champion by more than the margin', () => {
    const outcome = facing(90, 10, 99, 1);
    expect(outcome.verdict).toBe('fail');
    expect(outcome.reasons[0]).toMatch(
      /accuracy is 0\.9, of champion 3 0\.99: worse \(100 rows, margin 0\.02/,
    );
  });

  it('keeps the champion where a candidate looks worse on too few rows to tell, and lets chance pass', () => {
    expect(facing(26, 4, 30, 0)).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/too few rows to tell .*; it looks worse, so the champion stays/)],
    });
    expect(facing(29, 1, 30, 0)).toMatchObject({ verdict: 'pass' });
    expect(facing(3, 1, 4, 0)).toMatchObject({ verdict: 'pass' });
  });

  it('lets the limits alone count when no rows are new to both versions, and says so', () => {
    const comparison = compareVersions(aSample(0, 0), aSample(0, 0), rule, { seed: 1, leftOut: 30 });
    expect(judgeGate(definition, good, { kind: 'compared', version: 3, comparison })).toMatchObject({
      verdict: 'pass',
      reasons: expect.arrayContaining([
        'champion 3 cannot be compared: no rows are new to both versions; 30 held-out rows left out, since a version may have been trained on them',
      ]),
    });
  });

  it('refuses a slice that is proven worse', () => {
    const slice = (right: number, wrong: number) => ({
      feature: 'sex',
      slice: 'f',
      rows: 100,
      metrics: {},
      intervals: {},
      comparison: compareVersions(aSample(right, wrong), aSample(99, 1), rule, { seed: 1 }),
    });
    const opponent = { kind: 'not-asked', version: 3 } as const;
    expect(judgeGate(definition, { ...good, slices: [slice(80, 20)] }, opponent)).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^of sex f, accuracy is 0\.8, of champion 3 0\.99: worse/)],
    });
    expect(judgeGate(definition, { ...good, slices: [slice(96, 4)] }, opponent).verdict).toBe('pass');
  });

  it('holds gaps between groups and losses by disturbances against their limits, and fails closed', () => {
    const strict = defineModel({
      ...definition,
      gate: {
        groups: [{ feature: 'sex', favourable: 'a', limits: { equal_opportunity: 0.1 } }],
        robustness: { limits: { units: 0.2 } },
      },
    });
    const judged = (value: number | null, drop: number | null) => {
      const gap = { value, interval: null, groups: ['f', 'm'] };
      const gaps = { equal_opportunity: gap, demographic_parity: gap };
      const disturbance = {
        kind: 'units',
        feature: 'x',
        amount: 10,
        value: 0,
        drop,
        refusedShare: 0,
      } as const;
      const robustness = { metric: 'accuracy', rows: 9, undisturbed: 1, disturbances: [disturbance] };
      const groups = [{ feature: 'sex', favourable: 'a', groups: [], gaps }];
      return judgeGate(strict, findings({ accuracy: 0.9 }, { groups, robustness }), none).reasons;
    };
    expect(judged(0.05, 0.1)).toEqual([
      'the gap of equal opportunity by sex is 0.05; at most 0.1 is asked for',
      'the loss of accuracy by shifted units is 0.1; at most 0.2 is asked for',
    ]);
    expect(judged(0.2, 0.1)).toEqual([
      'the gap of equal opportunity by sex is 0.2; at most 0.1 is asked for',
    ]);
    expect(judged(null, null)).toEqual([
      'the gap of equal opportunity by sex was not measured; at most 0.1 is asked for',
      'the loss of accuracy by shifted units was not measured; at most 0.2 is asked for',
    ]);
  });

  it('holds figures of single classes against their limits', () => {
    const one = defineModel({ ...definition, gate: { limits: { 'recall:b': 0.9 } } });
    expect(judgeGate(one, findings({ accuracy: 1, 'recall:b': 0.5 }), none).reasons).toEqual([
      'recall:b is 0.5; at least 0.9 is asked for',
    ]);
  });

  it('lets the limits alone count when the champion cannot be compared', () => {
    expect(judgeGate(definition, good, { kind: 'other-definition', version: 3 }).verdict).toBe('pass');
    expect(judgeGate(definition, good, { kind: 'failed', version: 3, reason: 'NaN' }).verdict).toBe('pass');
  });

  it('fails closed when the champion cannot be loaded', () => {
    const outcome = judgeGate(definition, good, { kind: 'unloadable', version: 3, reason: 'damaged' });
    expect(outcome).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringContaining('restore it or roll back')],
    });
  });
});
