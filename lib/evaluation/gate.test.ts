import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { compareVersions } from './comparison.ts';
import type { Comparison } from './evaluation.ts';
import { judgeGate } from './gate.ts';
import type { Sample } from './sample.ts';

const definition = defineModel({
  name: 'm',
  task: 'classification',
  features: { x: { type: 'number' } },
  target: { name: 'y', type: 'category', categories: ['a', 'b'] },
  train: {},
  gate: { limits: { accuracy: 0.8, log_loss: 0.5 }, champion: { metric: 'accuracy', margin: 0.02 } },
});

function aSample(right: number, wrong: number): Sample {
  const truth = new Array<number>(right + wrong).fill(0);
  const predicted = truth.map((_, row) => (row < right ? 0 : 1));
  return { kind: 'classification', classes: ['a', 'b'], truth, predicted, scores: undefined };
}

const rule = { metric: 'accuracy', margin: 0.02 };

describe('compareVersions', () => {
  it('calls a gain that chance does not explain better', () => {
    const compared = compareVersions(aSample(95, 5), aSample(80, 20), rule, 1);
    expect(compared).toMatchObject({ verdict: 'better', test: 'mcnemar-exact' });
    expect(compared.gain).toBeCloseTo(0.15);
    expect(compared.pValue).toBeLessThan(0.001);
    expect(compared.interval?.low).toBeGreaterThan(0);
  });

  it('calls a small loss not worse and a larger one worse', () => {
    expect(compareVersions(aSample(99, 1), aSample(100, 0), rule, 1).verdict).toBe('not-worse');
    expect(compareVersions(aSample(98, 2), aSample(100, 0), rule, 1).verdict).toBe('not-worse');
    expect(compareVersions(aSample(97, 3), aSample(100, 0), rule, 1).verdict).toBe('worse');
  });

  it('says when there are too few rows to tell, but still what looks worse', () => {
    expect(compareVersions(aSample(5, 0), aSample(5, 0), rule, 1).verdict).toBe('not-enough-data');
    expect(compareVersions(aSample(4, 1), aSample(5, 0), rule, 1).verdict).toBe('worse');
  });

  it('takes less of an error for a gain', () => {
    const truth = Array.from({ length: 30 }, (_, i) => i);
    const off = (by: number): Sample => ({
      kind: 'regression',
      truth,
      predicted: truth.map((y, i) => y + by + (i % 2) / 10),
    });
    const compared = compareVersions(off(1), off(3), { metric: 'rmse', margin: 0.1 }, 1);
    expect(compared).toMatchObject({ verdict: 'better', test: 'paired-bootstrap' });
    expect(compared.gain).toBeCloseTo(2, 1);
    expect(compareVersions(off(3), off(1), { metric: 'rmse', margin: 0.1 }, 1).verdict).toBe('worse');
  });

  it('does not compare what was not measured', () => {
    const missing = { metric: 'log_loss', margin: 0 };
    expect(compareVersions(aSample(5, 5), aSample(5, 5), missing, 1).verdict).toBe('not-measured');
  });
});

describe('judgeGate', () => {
  const good = { accuracy: 0.9, log_loss: 0.2 };
  const none = { kind: 'none' } as const;

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
    expect(judgeGate(definition, { accuracy: 0.7, log_loss: 0.2 }, none)).toMatchObject({
      verdict: 'fail',
      reasons: ['accuracy is 0.7; at least 0.8 is asked for'],
    });
  });

  it('fails closed on figures that are missing or not a number', () => {
    const odd = fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    fc.assert(
      fc.property(odd, fc.constantFrom('accuracy', 'log_loss'), (value, name) => {
        expect(judgeGate(definition, { ...good, [name]: value }, none).verdict).toBe('fail');
      }),
    );
    expect(judgeGate(definition, {}, none).verdict).toBe('fail');
  });

  it('asks for the main figure even without limits', () => {
    const free = defineModel({ ...definition, gate: {} });
    expect(judgeGate(free, { accuracy: null }, none).verdict).toBe('fail');
    expect(judgeGate(free, { accuracy: 0.1 }, none)).toMatchObject({
      verdict: 'pass',
      reasons: ['the definition sets no limits'],
    });
  });

  it('refuses a candidate that is worse than the champion by more than the margin', () => {
    const comparison: Comparison = compareVersions(aSample(90, 10), aSample(99, 1), rule, 1);
    const outcome = judgeGate(definition, good, { kind: 'compared', version: 3, comparison });
    expect(outcome.verdict).toBe('fail');
    expect(outcome.reasons[0]).toMatch(/accuracy is 0\.9, of champion 3 0\.99: worse/);
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
