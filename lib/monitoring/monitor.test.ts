import { describe, expect, it } from 'vitest';
import iris from '../../models/iris/model.ts';
import type { DatasetProfile, Row } from '../data/dataset.ts';
import { profileRows } from '../data/profile.ts';
import type { EvaluationDocument } from '../evaluation/evaluation.ts';
import type { PredictionRecord } from '../inference/prediction-record.ts';
import { defineModel, type ModelDefinition } from '../model/definition.ts';
import { type Live, neverLive } from '../registry/registry.ts';
import type { ChampionAttributions } from './champion-attributions.store.ts';
import { driftPage } from './drift-page.ts';
import { driftReport } from './drift-report.ts';
import { aRecord } from './fixtures/builders.ts';
import { aCaptureWorld } from './fixtures/captures.ts';
import { anEvaluation } from './fixtures/evaluations.ts';
import type { Label, Thumb } from './label.ts';
import { Monitor } from './monitor.ts';
import { measurementsOf, metricsOf } from './monitor-metrics.ts';
import { prometheusText } from './prometheus-text.ts';

const now = new Date('2026-11-23T12:00:00Z');
const digest = 'b'.repeat(64);

const flower = (length: number): Row => ({
  sepal_length: length,
  sepal_width: length / 2,
  petal_length: length,
  petal_width: length / 3,
});
const trained = Array.from({ length: 120 }, (_, index) => flower(4 + (index % 40) / 10));

const profile: DatasetProfile = {
  schema: 'evergreen/profile/v1',
  model: 'iris',
  datasetId: 'ds-1',
  rows: trained.length,
  features: profileRows(trained, iris),
  target: { type: 'categorical', count: 120, missing: 0, counts: {}, other: 0 },
};

const ofPersons = defineModel({
  ...iris,
  features: { ...iris.features, sepal_length: { type: 'number', personalData: 'sensitive' } },
});

const live: Live = {
  ...neverLive('iris', now.toISOString()),
  champion: {
    version: 3,
    packagePrefix: 'packages/iris/x/',
    packageDigest: digest,
    modelDigest: digest,
    datasetId: 'ds-1',
    since: '2026-11-23T06:00:00.000Z',
  },
  revision: 4,
};

interface World {
  definition?: ModelDefinition;
  live?: Live;
  records?: PredictionRecord[];
  labels?: Label[];
  evaluation?: EvaluationDocument;
  thumbs?: Thumb[];
  attributions?: ChampionAttributions;
}

function aMonitor({
  live: state = live,
  records = [],
  labels = [],
  thumbs = [],
  attributions = { reason: 'no explanation' },
  definition = iris,
  evaluation = anEvaluation(),
}: World) {
  const world = aCaptureWorld(records);
  const explained: (readonly Row[])[] = [];
  const monitor = new Monitor({
    readLive: async () => state,
    readDefinition: async () => definition,
    readProfile: async () => profile,
    readDatasetTime: async () => '2026-11-20T00:00:00.000Z',
    readEvaluation: async () => evaluation,
    readCost: async () => ({ predictions: 1, captures: 2, training: 0.5, total: 3.5, unpriced: [] }),
    thumbs: { since: async () => thumbs },
    explain: async (_champion, rows) => {
      explained.push(rows);
      return attributions;
    },
    captures: world.captures,
    profiles: world.profiles,
    predictions: {
      labelsSince: async () => labels,
      findReceipts: async () => new Map(world.receipts().map((receipt) => [receipt.predictionId, receipt])),
    },
    now: () => now,
  });
  return { monitor, world, explained };
}

const asked = (rows: Row[], changes: Partial<PredictionRecord> = {}) =>
  aRecord({ rows, predictions: rows.map(() => ({ label: 'setosa' })), ...changes });

function aLabel(row: number, label: string): Label {
  return {
    predictionId: aRecord().predictionId,
    row,
    label,
    model: 'iris',
    labelledAt: now.toISOString(),
    corrections: 0,
    replaced: [],
    expiresAt: 4_000_000_000,
  };
}

const valuesOf = (lines: string[]) => lines.map((line) => JSON.parse(line));

describe('Monitor.measure of what a model costs', () => {
  it('tells it beside the limit of the definition, and as a metric', async () => {
    const report = await aMonitor({}).monitor.measure('iris');
    expect(report.cost).toEqual({
      predictions: 1,
      captures: 2,
      training: 0.5,
      total: 3.5,
      unpriced: [],
      limit: 10,
    });
    expect(measurementsOf(report)[0]?.metrics.CostPerDay).toEqual({ value: 3.5, unit: 'None' });
  });
});

describe('Monitor', () => {
  it('finds shifted traffic drifted', async () => {
    const { monitor } = aMonitor({ records: [asked(Array.from({ length: 60 }, () => flower(9)))] });
    const report = driftReport.parse(await monitor.measure('iris'));
    expect(report.verdict).toBe('drifted');
    expect(report.features.every(({ verdict }) => verdict === 'drifted')).toBe(true);
    const [byModel, byVersion] = valuesOf(metricsOf(report));
    expect(byModel).toMatchObject({
      model: 'iris',
      MonitorHeartbeat: 1,
      DriftedFeatures: 4,
      DriftSample: 60,
      DataAgeDays: 3.5,
    });
    expect(byModel.MaxPsi).toBeGreaterThan(1);
    expect(byVersion).toMatchObject({ model: 'iris', version: '3', DriftedFeatures: 4 });
    expect(byVersion._aws.CloudWatchMetrics[0].Dimensions).toEqual([['model', 'version']]);
  });

  it('is told to Prometheus by the mirrored names, but for what is counted over measurements', async () => {
    const { monitor } = aMonitor({ records: [asked(Array.from({ length: 60 }, () => flower(9)))] });
    const lines = prometheusText(await monitor.measure('iris')).split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '# HELP evergreen_data_age_days Age of the data the champion learned from',
      '# TYPE evergreen_data_age_days gauge',
      'evergreen_data_age_days{model="iris"} 3.5',
    ]);
    expect(lines).toContain('evergreen_drifted_features{model="iris"} 4');
    expect(lines).toContain('evergreen_drifted_features{model="iris",version="3"} 4');
    expect(lines.join()).not.toContain('heartbeat');
    expect(lines.at(-1)).toBe('');
  });

  it('finds traffic like the training rows stable', async () => {
    const { monitor } = aMonitor({ records: [asked(trained)] });
    const report = await monitor.measure('iris');
    expect(report.verdict).toBe('stable');
    expect(valuesOf(metricsOf(report))[0]).toMatchObject({ DriftedFeatures: 0 });
  });

  it('gives no figure of drift or quality without enough data, and still its heartbeat', async () => {
    const { monitor } = aMonitor({ records: [asked([flower(9)])], labels: [aLabel(0, 'setosa')] });
    const report = await monitor.measure('iris');
    expect(report.verdict).toBe('not enough data');
    const [byModel] = valuesOf(metricsOf(report));
    expect(byModel).toMatchObject({ MonitorHeartbeat: 1, DriftSample: 1, LiveQualitySample: 1 });
    expect(byModel).not.toHaveProperty('DriftedFeatures');
    expect(byModel).not.toHaveProperty('LiveQuality');
  });

  it('does not judge a version by traffic from before its time', async () => {
    const early = asked([flower(9)], { predictionId: 'early', at: '2026-11-23T05:59:59.999Z' });
    const { monitor } = aMonitor({ records: [early, asked([flower(5)])] });
    const report = await monitor.measure('iris');
    expect(report.window).toEqual({ from: '2026-11-23T06:00:00.000Z', to: now.toISOString() });
    expect(report.sample).toBe(1);
  });

  it('reads an hour once, and again when something came to it late', async () => {
    const { monitor, world } = aMonitor({ records: [asked(trained)] });
    expect((await monitor.measure('iris')).hours).toEqual({ kept: 0, read: 1 });
    const again = await monitor.measure('iris');
    expect(again.hours).toEqual({ kept: 1, read: 0 });
    expect(again.sample).toBe(120);
    world.held.push(asked([flower(5)], { predictionId: 'late', at: '2026-11-23T10:59:00.000Z' }));
    const late = await monitor.measure('iris');
    expect(late.hours).toEqual({ kept: 0, read: 1 });
    expect(late.sample).toBe(121);
  });

  it('says since which hour a feature drifted', async () => {
    const hourly = Array.from({ length: 6 }, (_, hour) =>
      asked(hour < 4 ? trained : trained.map((_, i) => flower(8 + (i % 40) / 20)), {
        predictionId: `p-${hour}`,
        at: `2026-11-23T${String(6 + hour).padStart(2, '0')}:10:00.000Z`,
      }),
    );
    const { monitor } = aMonitor({ records: hourly });
    const { explanations } = await monitor.measure('iris');
    expect(explanations).toHaveLength(4);
    expect(explanations[0]).toMatchObject({ since: '2026-11-23T10:00:00.000Z', isFromStart: false });
    expect(explanations[0]?.hours.map(({ rows }) => rows)).toEqual([120, 120, 120, 120, 120, 120, 0]);
  });

  it('finds answers drifted that are nearly all one label', async () => {
    const { monitor } = aMonitor({ records: [asked(trained)] });
    const report = await monitor.measure('iris');
    expect(report.outputs).toMatchObject({ verdict: 'drifted', watched: [{ name: 'label' }] });
    expect(report.anomalies).toEqual([
      { kind: 'one answer', reason: '100.0 % of the answers are setosa, 33.3 % in the evaluation' },
    ]);
    const [byModel] = valuesOf(metricsOf(report));
    expect(byModel).toMatchObject({ DriftedOutputs: 1, OddAnswers: 1 });
  });

  it('measures the quality of each version by its own labels', async () => {
    const rows = Array.from({ length: 20 }, () => flower(5));
    const { monitor } = aMonitor({
      records: [asked(rows)],
      labels: rows.map((_, row) => aLabel(row, row < 10 ? 'setosa' : 'virginica')),
    });
    const report = await monitor.measure('iris');
    expect(report.quality).toMatchObject({
      verdict: 'low',
      versions: [{ version: 3, value: 0.5, sample: 20, f1: { value: expect.closeTo(1 / 3, 10) } }],
    });
    expect(report.concept).toMatchObject({ verdict: 'drifted', sample: 20 });
    expect(valuesOf(metricsOf(report))[0]).toMatchObject({ LiveQuality: 0.5, LiveQualitySample: 20 });
  });

  it('looks at which features decide the answers to some rows', async () => {
    const attributions = {
      trained: { petal_length: 3, petal_width: 2, sepal_length: 1, sepal_width: 0 },
      means: { petal_length: 0, petal_width: 0, sepal_length: 1, sepal_width: 3 },
      sample: 40,
    };
    const { monitor, explained } = aMonitor({ records: [asked(trained)], attributions });
    const report = await monitor.measure('iris');
    expect(explained[0]).toHaveLength(40);
    expect(report.attributions).toMatchObject({ verdict: 'changed', sample: 40 });
    expect(valuesOf(metricsOf(report))[0].AttributionAgreement).toBeLessThan(0.9);
    expect(driftPage(report)).toContain('sepal_width decides most');

    const few = aMonitor({ records: [asked([flower(5)])], attributions });
    expect((await few.monitor.measure('iris')).attributions).toMatchObject({ verdict: 'not available' });
    expect(few.explained).toEqual([]);
    const without = aMonitor({ records: [asked(trained)] });
    expect((await without.monitor.measure('iris')).attributions?.reason).toBe('no explanation');
    const personal = aMonitor({ records: [asked(trained)], definition: ofPersons, attributions });
    expect((await personal.monitor.measure('iris')).attributions?.reason).toContain('sepal_length');
    expect(personal.explained).toEqual([]);
  });

  it('counts thumbs of answers of the champion', async () => {
    const thumb = (predictionId: string, given: 'up' | 'down'): Thumb => ({
      predictionId,
      row: 0,
      thumb: given,
      model: 'iris',
      givenAt: now.toISOString(),
      expiresAt: 4_000_000_000,
    });
    const records = ['a', 'b', 'c'].map((predictionId) => asked([flower(5)], { predictionId }));
    const { monitor } = aMonitor({
      records: [...records, asked([flower(5)], { predictionId: 'of-another', version: 2 })],
      thumbs: [thumb('a', 'down'), thumb('b', 'up'), thumb('c', 'up'), thumb('of-another', 'down')],
    });
    const report = await monitor.measure('iris');
    expect(report.thumbs).toEqual({ up: 2, down: 1, downShare: 1 / 3 });
    expect(valuesOf(metricsOf(report))[0]).toMatchObject({ ThumbsDown: 1 });
  });

  it('does not watch personal data, which is not captured', async () => {
    const captured = trained.map(({ sepal_length: _, ...others }) => others);
    const { monitor } = aMonitor({ records: [asked(captured)], definition: ofPersons });
    const report = await monitor.measure('iris');
    expect(report.verdict).toBe('stable');
    const hidden = report.features.find(({ name }) => name === 'sepal_length');
    expect(hidden).toMatchObject({ verdict: 'not enough data', psi: null, bins: [] });
    expect(driftPage(report)).toContain('personal data is not captured');
  });

  it('leaves out labels that do not fit what was asked', async () => {
    const { monitor } = aMonitor({
      records: [asked([flower(5)])],
      labels: [
        aLabel(7, 'setosa'),
        { ...aLabel(0, 'setosa'), label: 1 },
        { ...aLabel(0, 'a'), predictionId: 'x' },
      ],
    });
    expect((await monitor.measure('iris')).quality?.versions).toEqual([]);
  });

  it('says that there is nothing to compare with before the first champion', async () => {
    const { monitor } = aMonitor({ live: neverLive('iris', now.toISOString()) });
    const report = driftReport.parse(await monitor.measure('iris'));
    expect(report).toMatchObject({
      verdict: 'not enough data',
      champion: null,
      quality: null,
      outputs: null,
    });
    expect(valuesOf(metricsOf(report))).toEqual([
      expect.objectContaining({ MonitorHeartbeat: 1, DriftSample: 0 }),
    ]);
    expect(driftPage(report)).toContain('>Not enough data</span>');
  });
});

describe('driftPage', () => {
  it('begins with the verdict and draws both distributions of each feature', async () => {
    const { monitor } = aMonitor({ records: [asked(Array.from({ length: 60 }, () => flower(9)))] });
    const page = driftPage(await monitor.measure('iris'));
    expect(page).toContain('>Drifted</span>');
    expect(page.indexOf('>Drifted</span>')).toBeLessThan(page.indexOf('<h2>'));
    // Four features with their time lines, the label, the error rate and the truth behind three labels.
    expect(page.match(/<svg /g)).toHaveLength(13);
    expect(page).toContain(
      'changed since 2026-11-23T10:00:00.000Z, the first hour with traffic in the window, or before',
    );
    expect(page).toContain('class="frozen"');
  });

  it('escapes what comes from data', async () => {
    const { monitor } = aMonitor({});
    const report = await monitor.measure('iris');
    const page = driftPage({ ...report, reason: '<script>alert(1)</script>' });
    expect(page).not.toContain('<script>');
  });
});
