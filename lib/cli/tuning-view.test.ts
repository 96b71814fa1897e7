import { describe, expect, it } from 'vitest';
import type { TuningReport } from '../training/tuning-report.ts';
import { render } from './render.ts';
import { tuningView } from './tuning-view.ts';

const trial = (number: number, objective: number | null, status: 'completed' | 'stopped') => ({
  job: `job-${number}`,
  search: 'search-1',
  hyperparameters: { C: number, penalty: 'l2' },
  objective,
  status,
  seconds: 1.26,
});

const report: TuningReport = {
  schema: 'evergreen/tuning/v1',
  model: 'iris',
  runId: 'iris-1',
  datasetId: 'ds-1',
  definitionDigest: 'd',
  strategy: 'bayesian',
  objective: { metric: 'validation_score', goal: 'maximize' },
  searches: [{ job: 'search-1', status: 'Completed', seconds: 4 }],
  best: trial(1, 0.96, 'completed'),
  trials: [trial(1, 0.96, 'completed'), trial(2, 0.5, 'stopped')],
  importance: {
    method: 'functional ANOVA of a random forest',
    trials: 8,
    shares: { penalty: 0.1, C: 0.85 },
    why: '',
  },
  spent: { trials: 2, minutes: 0.06, machineMinutes: 0.04, money: null },
  exhausted: 'all 2 trials of the budget were used',
};

describe('tuningView', () => {
  it('shows the best, what mattered most first, and every trial', () => {
    const text = render({ data: null, view: tuningView(report) }, false);
    expect(text).toMatch(/^best +0\.96 by job-1$/m);
    expect(text).toMatch(/C +0\.85\npenalty +0\.1/);
    expect(text).toMatch(/^1 \(best\) +1 +l2 +0\.96 +completed +1\.3$/m);
    expect(text).toMatch(/^2 +2 +l2 +0\.5 +stopped +1\.3$/m);
    expect(text).toMatch(/no further search +all 2 trials of the budget were used/);
  });

  it('says why importance is unknown', () => {
    const importance = { ...report.importance, shares: null, why: 'all trials came out alike' };
    const text = render({ data: null, view: tuningView({ ...report, importance }) }, false);
    expect(text).toContain('importance of the hyperparameters: unknown, all trials came out alike');
  });
});
