import { describe, expect, it } from 'vitest';
import type { DriftReport } from '../monitoring/drift-report.ts';
import { driftView } from './drift-view.ts';
import { render } from './render.ts';

const tested = { pValue: 1e-9, adjusted: 1e-8, isDrift: true };
const report: DriftReport = {
  schema: 'evergreen/drift/v2',
  model: 'shop',
  measuredAt: '2026-11-23T12:00:00.000Z',
  champion: { version: 3, datasetId: 'ds-1', since: '2026-11-20T12:00:00.000Z', dataAgeDays: 3 },
  window: { from: '2026-11-22T12:00:00.000Z', to: '2026-11-23T12:00:00.000Z' },
  verdict: 'drifted',
  reason: 'price changed since training (500 live rows)',
  sample: 500,
  isCutOff: false,
  hours: { kept: 23, read: 1 },
  limits: null,
  features: [
    {
      name: 'channel',
      verdict: 'stable',
      reason: 'no test passes its limit',
      psi: 0.01,
      tests: [],
      bins: [],
    },
    {
      name: 'price',
      verdict: 'drifted',
      reason: 'KS distance 0.400',
      psi: 0.5,
      tests: [{ test: 'kolmogorov-smirnov', measure: 'distance', effect: 0.4, limit: 0.1, ...tested }],
      bins: [],
    },
  ],
  explanations: [
    {
      feature: 'price',
      since: '2026-11-23T03:00:00.000Z',
      isFromStart: false,
      grown: [{ label: '> 9', trained: 0.1, live: 0.5 }],
      hours: [],
      slice: { feature: 'channel', slice: 'web', share: 0.9, others: 0.1 },
    },
  ],
  outputs: { verdict: 'stable', reason: 'nothing passes the limits', sample: 500, watched: [] },
  attributions: { verdict: 'same', reason: 'the same order', sample: 40, agreement: 1, features: [] },
  anomalies: [{ kind: 'rate', reason: '2 rows in the hour' }],
  concept: null,
  quality: {
    metric: 'accuracy',
    limit: 0.9,
    leastSample: 50,
    verdict: 'ok',
    reason: 'accuracy 0.95',
    versions: [
      {
        version: 3,
        sample: 60,
        verdict: 'ok',
        reason: 'accuracy 0.95',
        value: 0.95,
        interval: [0.9, 0.98],
        f1: { value: 0.93, interval: [0.9, 0.96] },
      },
    ],
    slices: [
      { feature: 'channel', slice: 'web', sample: 40, value: 0.9, interval: [0.8, 0.95], evaluated: 0.97 },
    ],
  },
  cost: { predictions: 2, captures: 1.5, training: 0.25, total: 3.75, unpriced: ['ml.c5.large'], limit: 10 },
  thumbs: { up: 5, down: 2, downShare: 2 / 7 },
  estimate: {
    verdict: 'not trusted',
    reason: 'the version gives no scores',
    sample: 0,
    accuracy: null,
    interval: null,
    f1: null,
    auc: { value: 0.91, interval: [0.88, 0.94] },
    doubts: [],
    reconciliation: null,
  },
};

describe('driftView', () => {
  const text = render({ data: null, view: driftView(report) }, false);

  it('says what changed, since when and where, the drifted first', () => {
    expect(text).toContain('changed since about 2026-11-23T03:00:00.000Z');
    expect(text).toContain('> 9: 10.0 % in training, 50.0 % live');
    expect(text).toContain('most of all where channel is web');
    expect(text.indexOf('KS distance')).toBeLessThan(text.indexOf('no test passes'));
  });

  it('shows quality by version and slice, the estimate and what is odd', () => {
    expect(text).toMatch(/channel: web +40 +0\.9 +0\.8 to 0\.95 +0\.97/);
    expect(text).toMatch(/3 +60 +ok +0\.93 +accuracy 0\.95/);
    expect(text).toContain('estimated ROC-AUC: 0.91 (95 % between 0.88 to 0.94)');
    expect(text).toContain(
      '3.75 of 10 USD: predictions 2.00, captures 1.50, training 0.25; ml.c5.large has no price',
    );
    expect(text).toContain('estimated quality: not trusted: the version gives no scores');
    expect(text).toContain('odd: 2 rows in the hour');
  });
});
