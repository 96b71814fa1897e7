import { describe, expect, it } from 'vitest';
import type { ModelVersion } from '../registry/registry.ts';
import { EvergreenError } from '../shared/errors.ts';
import { uuidV7 } from '../shared/ids.ts';
import { planCapture } from './capture.ts';
import { FeedbackDesk } from './feedback-desk.ts';
import { aRecord } from './fixtures/builders.ts';
import { type Label, type LabelEffect, labelId, replaceLabel } from './label.ts';

const now = new Date('2026-11-23T12:00:00Z');
const digest = 'c'.repeat(64);
const species = {
  name: 'species',
  type: 'category' as const,
  categories: ['setosa', 'versicolor', 'virginica'],
};

const version: ModelVersion = {
  model: 'iris',
  version: 3,
  packagePrefix: 'packages/iris/x/',
  packageDigest: digest,
  modelDigest: digest,
  lineage: {
    runId: 'iris-run',
    datasetId: 'ds-0123456789abcdef',
    datasetManifestKey: 'datasets/iris/ds-0123456789abcdef/manifest.json',
    definitionDigest: digest,
    codeDigest: digest,
    trainingJobName: 'iris-run-1',
    parentVersion: 2,
  },
  metrics: {},
  author: 'run',
  createdAt: now.toISOString(),
};

/** A desk over labels in memory, with one prediction of two rows on record. */
function aDesk(registered: ModelVersion | 'lost' = version) {
  const labels = new Map<string, Label>();
  const { rows, predictions } = aRecord();
  const record = aRecord({
    predictionId: 'p1',
    rows: [...rows, ...rows],
    predictions: [...predictions, ...predictions],
  });
  const { receipts } = planCapture({ records: [record], dropped: 0, eventIds: ['e'] });
  const desk = new FeedbackDesk({
    predictions: {
      findReceipts: async (ids) => {
        const wanted = new Set(ids);
        return new Map(
          receipts
            .filter(({ predictionId }) => wanted.has(predictionId))
            .map((receipt) => [receipt.predictionId, receipt]),
        );
      },
      findPrediction: async (id) => {
        const receipt = receipts.find(({ predictionId }) => predictionId === id);
        return receipt && { receipt, labels: [...labels.values()] };
      },
      putLabel: async (given): Promise<LabelEffect> => {
        const before = labels.get(labelId(given));
        if (before?.label === given.label) return 'repeated';
        labels.set(labelId(given), replaceLabel(before, given, 4_000_000_000));
        return before ? 'corrected' : 'new';
      },
    },
    captures: {
      complete: async (receipt) => ({
        ...receipt,
        content: receipt.content ?? { rows: [], predictions: [] },
      }),
    },
    readVersion: async () => {
      if (registered !== 'lost') return registered;
      throw new EvergreenError('version-unknown', 'iris has no version 3');
    },
    targetOf: (model) => (model === 'iris' ? species : undefined),
    now: () => now,
  });
  return { desk, labels };
}

describe('FeedbackDesk', () => {
  it('takes a label once, however often it is given, and counts corrections', async () => {
    const { desk, labels } = aDesk();
    const given = { predictionId: 'p1', row: 0, label: 'setosa' };
    expect(await desk.take('iris', given)).toEqual({ accepted: 1, corrected: 0, repeated: 0, refused: [] });
    expect(await desk.take('iris', given)).toMatchObject({ accepted: 1, repeated: 1 });
    expect(await desk.take('iris', { ...given, label: 'virginica' })).toMatchObject({ corrected: 1 });
    expect(labels.get('p1#0')).toMatchObject({ label: 'virginica', corrections: 1 });
  });

  it('takes what fits of a list and names the rest', async () => {
    const { desk, labels } = aDesk();
    const reply = await desk.take('iris', {
      feedback: [
        { predictionId: 'p1', row: 1, label: 'setosa' },
        { predictionId: 'p1', row: 2, label: 'setosa' },
        { predictionId: 'p9', row: 0, label: 'setosa' },
      ],
    });
    expect(reply).toMatchObject({
      accepted: 1,
      refused: [
        { index: 1, code: 'request-invalid', pointer: '/feedback/1/row' },
        { index: 2, code: 'prediction-unknown', pointer: '/feedback/2/predictionId' },
      ],
    });
    expect([...labels.keys()]).toEqual(['p1#1']);
  });

  it('does not know a prediction that is not on record', async () => {
    const { desk } = aDesk();
    await expect(desk.take('iris', { predictionId: 'p9', label: 'setosa' })).rejects.toMatchObject({
      code: 'prediction-unknown',
    });
    await expect(desk.receipt('p9')).rejects.toMatchObject({ code: 'prediction-unknown' });
  });

  it('does not know a model that is not deployed, however young the prediction', async () => {
    const { desk } = aDesk();
    const given = { predictionId: uuidV7(now.getTime()), label: 'setosa' };
    await expect(desk.take('wine', given)).rejects.toMatchObject({ code: 'model-unknown' });
    expect(await desk.take('iris', given)).toMatchObject({ accepted: 1 });
  });

  it('shows what answered and where that comes from, but not what was asked', async () => {
    const { desk } = aDesk();
    await desk.take('iris', { predictionId: 'p1', row: 1, label: 'virginica' });
    const receipt = await desk.receipt('p1');
    expect(receipt).toMatchObject({
      predictionId: 'p1',
      model: 'iris',
      version: 3,
      predictions: [{ label: 'setosa' }, { label: 'setosa' }],
      dataset: { datasetId: 'ds-0123456789abcdef', manifestKey: version.lineage.datasetManifestKey },
      lineage: { runId: 'iris-run', codeDigest: digest, trainingJobName: 'iris-run-1', parentVersion: 2 },
      labels: [{ row: 1, label: 'virginica', corrections: 0 }],
    });
    expect(JSON.stringify(receipt)).not.toContain('sepal_length');
  });

  it('gives a receipt without lineage when the registry lost the version', async () => {
    const { desk } = aDesk('lost');
    expect(await desk.receipt('p1')).toMatchObject({ version: 3, lineage: null });
  });
});
