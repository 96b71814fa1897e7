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
function aDesk(
  registered: ModelVersion | 'lost' = version,
  captured: ReadonlyMap<string, number> = new Map([['iris', 1]]),
) {
  const labels = new Map<string, Label>();
  const thumbs = new Map<string, string>();
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
    thumbs: {
      put: async (given): Promise<LabelEffect> => {
        const before = thumbs.get(labelId(given));
        if (before === given.thumb) return 'repeated';
        thumbs.set(labelId(given), given.thumb);
        return before === undefined ? 'new' : 'corrected';
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
    models: new Map([...captured].map(([name, capture]) => [name, { name, target: species, capture }])),
    now: () => now,
  });
  return { desk, labels, thumbs };
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

  it('takes a thumb with a label, or without', async () => {
    const { desk, labels, thumbs } = aDesk();
    const given = { predictionId: 'p1', row: 1, thumb: 'down' };
    expect(await desk.take('iris', given)).toMatchObject({ accepted: 1, repeated: 0 });
    expect(await desk.take('iris', given)).toMatchObject({ accepted: 1, repeated: 1 });
    expect(labels.size).toBe(0);
    expect(await desk.take('iris', { ...given, label: 'virginica' })).toMatchObject({
      accepted: 1,
      repeated: 0,
    });
    expect(await desk.take('iris', { ...given, thumb: 'up' })).toMatchObject({ corrected: 1 });
    expect(labels.get('p1#1')).toMatchObject({ label: 'virginica' });
    expect(thumbs.get('p1#1')).toBe('up');
    await expect(desk.take('iris', { predictionId: 'p1', row: 1 })).rejects.toMatchObject({
      code: 'request-invalid',
      details: { errors: [{ pointer: '/label', message: 'does not fit: give a label, a thumb, or both' }] },
    });
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

  it('says that a prediction was not captured, when that is certain', async () => {
    const id = uuidV7(now.getTime());
    const none = aDesk(version, new Map([['iris', 0]])).desk;
    await expect(none.receipt(id)).rejects.toMatchObject({
      code: 'prediction-not-captured',
      message: `prediction ${id} was not captured: iris keeps 0 % of its predictions`,
    });
    await expect(none.take('iris', { predictionId: id, label: 'setosa' })).rejects.toMatchObject({
      code: 'prediction-not-captured',
    });
    const some = aDesk(
      version,
      new Map([
        ['iris', 0],
        ['roses', 1],
      ]),
    ).desk;
    await expect(some.receipt(id)).rejects.toMatchObject({
      code: 'prediction-unknown',
      message: `no prediction ${id} is on record; if it was of iris, it was not captured`,
    });
  });
});
