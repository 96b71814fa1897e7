import { describe, expect, it } from 'vitest';
import iris from '../../models/iris/model.ts';
import type { DatasetManifest, Row } from '../data/dataset.ts';
import type { PredictionRecord } from '../inference/prediction-record.ts';
import { defineModel, type ModelDefinition } from '../model/definition.ts';
import { planCapture } from '../monitoring/capture.ts';
import { aRecord } from '../monitoring/fixtures/builders.ts';
import { type Label, replaceLabel } from '../monitoring/label.ts';
import { neverLive, toLiveVersion } from '../registry/registry.ts';
import { aModelVersion } from './fixtures/builders.ts';
import { assembleRetrain } from './retrain-assembly.ts';
import { type RetrainRecord, rowsToLearnFrom } from './retrain-rows.ts';

const digest = 'a'.repeat(64);
const datasetCreatedAt = '2026-11-23T08:00:00.000Z';
const order = { runId: 'iris-run', model: 'iris', definitionDigest: digest };
const file = { key: 'x', sha256: digest, bytes: 1 };

const flower = (length: number): Row => ({
  sepal_length: length,
  sepal_width: 3,
  petal_length: 1,
  petal_width: 0.2,
});

function aLabel(
  predictionId: string,
  labelledAt: string,
  row = 0,
  label: string | number = 'virginica',
): Label {
  return replaceLabel(undefined, { predictionId, row, label, model: 'iris', labelledAt }, 4_000_000_000);
}

const correct = (before: Label, labelledAt: string, label: string | number): Label =>
  replaceLabel(before, { ...before, labelledAt, label }, before.expiresAt);

function asked(predictionId: string, ...lengths: number[]): PredictionRecord {
  const rows = lengths.map(flower);
  return aRecord({ predictionId, rows, predictions: rows.map(() => ({ label: 'setosa' })) });
}

interface World {
  now?: string;
  labels?: Label[];
  records?: PredictionRecord[];
  /** Key of the object that the champion's dataset was made of. */
  sourceKey?: string;
  record?: RetrainRecord;
  hasChampion?: boolean;
  /** Lengths of the rows of that dataset, all of one species. */
  known?: number[];
  definition?: ModelDefinition;
}

function aWorld(world: World) {
  const written = new Map<string, string>();
  const records = new Map<string, RetrainRecord>();
  const askedSince: string[] = [];
  const known = world.known ?? [1, 2, 3];
  const manifest: DatasetManifest = {
    schema: 'evergreen/dataset/v1',
    model: 'iris',
    datasetId: 'ds-2',
    definitionDigest: digest,
    source: {
      bucket: 'data',
      key: world.sourceKey ?? 'incoming/iris/iris.csv',
      versionId: 'v1',
      format: 'jsonl',
      bytes: 1,
      sha256: digest,
    },
    rows: { read: 3, accepted: 3, quarantined: 0, duplicates: 0, train: 2, test: 1 },
    files: {
      train: { ...file, key: 'train' },
      test: { ...file, key: 'test' },
      golden: file,
      profile: file,
      report: file,
      quarantine: null,
    },
    createdAt: datasetCreatedAt,
  };
  const { receipts } = planCapture({ records: world.records ?? [], dropped: 0, eventIds: ['e'] });
  const run = () =>
    assembleRetrain(order, {
      readLive: async () => ({
        ...neverLive('iris', datasetCreatedAt),
        champion: world.hasChampion === false ? null : toLiveVersion(aModelVersion(2), datasetCreatedAt),
      }),
      readDefinition: async () => world.definition ?? iris,
      readManifest: async () => manifest,
      readRows: async (key) =>
        (key === 'train' ? known.slice(0, -1) : known.slice(-1)).map((length) => ({
          ...flower(length),
          species: 'setosa',
        })),
      readRecord: async () => {
        if (!world.record) throw new Error('no record');
        return world.record;
      },
      writeRecord: async (key, record) => {
        expect(written.size).toBe(0);
        records.set(key, record);
      },
      writeRows: async (key, body) => {
        written.set(key, body);
        return { bucket: 'data', key, versionId: 'v7' };
      },
      predictions: {
        labelsSince: async (_model, since) => {
          askedSince.push(since);
          return (world.labels ?? [])
            .filter(({ labelledAt }) => labelledAt >= since)
            .sort((a, b) => b.labelledAt.localeCompare(a.labelledAt));
        },
        findReceipts: async (ids) => {
          const wanted = new Set(ids);
          return new Map(
            receipts
              .filter(({ predictionId }) => wanted.has(predictionId))
              .map((receipt) => [receipt.predictionId, receipt]),
          );
        },
      },
      captures: {
        complete: async (receipt) => ({
          ...receipt,
          content: receipt.content ?? { rows: [], predictions: [] },
        }),
      },
      now: () => new Date(world.now ?? '2026-11-23T12:00:00.000Z'),
    });
  const rows = () =>
    (written.get('retrain/iris/iris-run.jsonl') ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return { run, rows, records, askedSince };
}

describe('assembleRetrain', () => {
  it('puts the newly labelled rows behind those of the dataset, the newest last', async () => {
    const world = aWorld({
      records: [asked('p1', 10, 11), asked('p2', 12)],
      labels: [
        aLabel('p2', '2026-11-23T09:00:00.000Z'),
        aLabel('p1', '2026-11-23T10:00:00.000Z', 1, 'versicolor'),
      ],
    });
    expect(await world.run()).toEqual({
      outcome: 'assembled',
      source: { bucket: 'data', key: 'retrain/iris/iris-run.jsonl', versionId: 'v7' },
      labelledRows: 2,
      totalRows: 5,
    });
    expect(world.rows().map(({ sepal_length, species }) => [sepal_length, species])).toEqual([
      [1, 'setosa'],
      [2, 'setosa'],
      [3, 'setosa'],
      [12, 'virginica'],
      [11, 'versicolor'],
    ]);
  });

  it('refuses without labels newer than the dataset', async () => {
    const world = aWorld({
      records: [asked('p1', 10)],
      labels: [aLabel('p1', '2026-11-23T07:59:59.999Z')],
    });
    expect(await world.run()).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('no new labelled rows since 2026-11-23T08:00'),
    });
  });

  it('refuses when no label belongs to a prediction on record', async () => {
    const world = aWorld({ labels: [aLabel('gone', '2026-11-23T10:00:00.000Z')] });
    expect((await world.run()).outcome).toBe('refused');
  });

  it('refuses without a champion', async () => {
    const world = aWorld({ hasChampion: false });
    expect(await world.run()).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('no champion'),
    });
  });

  it('takes no label twice over a chain of retrains, not even one that the index showed late', async () => {
    const records = [asked('p1', 10), asked('p2', 11), asked('p3', 12)];
    const early = aLabel('p1', '2026-11-23T09:00:00.000Z');
    const newest = aLabel('p2', '2026-11-23T10:00:00.000Z');
    const first = aWorld({ records, labels: [early, newest] });
    await first.run();
    const record = first.records.get('retrain/iris/iris-run.json');
    if (!record) throw new Error('no record');
    expect(record).toMatchObject({ labelsUpTo: newest.labelledAt, labelledRows: 2, totalRows: 5 });

    const sourceKey = 'retrain/iris/iris-run.jsonl';
    const again = aWorld({ records, labels: [early, newest], sourceKey, record });
    expect((await again.run()).outcome).toBe('refused');

    const late = aLabel('p3', '2026-11-23T09:59:59.000Z');
    const third = aWorld({ records, labels: [early, newest, late], sourceKey, record });
    expect(await third.run()).toMatchObject({ outcome: 'assembled', labelledRows: 1 });
    expect(third.records.get('retrain/iris/iris-run.json')?.recentLabels).toHaveLength(3);
  });

  describe('of a label that is corrected after a retrain took it', () => {
    const records = [asked('p1', 2), asked('p2', 10)];
    const sourceKey = 'retrain/iris/iris-run.jsonl';
    const wrong = aLabel('p1', '2026-11-23T09:00:00.000Z', 0, 'setosa');
    const corrected = correct(wrong, '2026-11-23T13:30:00.000Z', 'versicolor');
    const learned = (world: ReturnType<typeof aWorld>) =>
      world.rows().map(({ sepal_length, species }) => [sepal_length, species]);

    async function recordAfter(...labels: Label[]): Promise<RetrainRecord> {
      const world = aWorld({ records, labels });
      await world.run();
      const record = world.records.get('retrain/iris/iris-run.json');
      if (!record) throw new Error('no record');
      return record;
    }

    it('takes the row out that it taught, once, and puts the right one in', async () => {
      const record = await recordAfter(wrong);
      // What that retrain made of the file's rows 1, 2, 3 and of the label, which says the same as row 2.
      const known = [1, 2, 3, 2];
      const world = aWorld({ records, labels: [corrected], sourceKey, record, known });
      expect(await world.run()).toMatchObject({ outcome: 'assembled', labelledRows: 1, totalRows: 4 });
      expect(learned(world)).toEqual([
        [1, 'setosa'],
        [3, 'setosa'],
        [2, 'setosa'],
        [2, 'versicolor'],
      ]);
    });

    it('goes back to the label that was taken when it was corrected more than once', async () => {
      const record = await recordAfter(wrong);
      const labels = [correct(corrected, '2026-11-23T13:40:00.000Z', 'virginica')];
      const world = aWorld({ records, labels, sourceKey, record });
      await world.run();
      expect(learned(world)).toEqual([
        [1, 'setosa'],
        [3, 'setosa'],
        [2, 'virginica'],
      ]);
    });

    it('knows labels of long ago by their time', async () => {
      const late = aLabel('p2', '2026-11-23T11:59:00.000Z', 0, 'virginica');
      const record = await recordAfter(wrong, late);
      expect(record.recentLabels).toHaveLength(1);
      const world = aWorld({ records, labels: [corrected], sourceKey, record });
      await world.run();
      expect(learned(world)).not.toContainEqual([2, 'setosa']);
    });

    it('leaves a row of the file that says what the label said before the retrain', async () => {
      const before = correct(wrong, '2026-11-23T09:30:00.000Z', 'virginica');
      const record = await recordAfter(before);
      const labels = [correct(before, '2026-11-23T13:30:00.000Z', 'versicolor')];
      const world = aWorld({ records, labels, sourceKey, record });
      await world.run();
      expect(learned(world)).toContainEqual([2, 'setosa']);
    });

    it.each<[string, Partial<World>]>([
      ['the dataset was uploaded, so no label is in it', { sourceKey: 'incoming/iris/iris.csv' }],
      ['no known row is like it', { known: [1, 3] }],
    ])('takes no row out when %s', async (_, changes) => {
      const record = await recordAfter(wrong);
      const world = aWorld({ records, labels: [corrected], sourceKey, record, ...changes });
      await world.run();
      expect(learned(world)).toHaveLength((changes.known ?? [1, 2, 3]).length + 1);
    });
  });

  it('does not let a label from a clock that runs ahead hide those that come after', async () => {
    const ahead = aLabel('p1', '2026-11-23T13:00:00.000Z');
    const first = aWorld({ records: [asked('p1', 10)], labels: [ahead] });
    await first.run();
    const record = first.records.get('retrain/iris/iris-run.json');
    if (!record) throw new Error('no record');
    expect(record.labelsUpTo).toBe('2026-11-23T12:00:00.000Z');
    const after = aWorld({
      now: '2026-11-23T12:30:00.000Z',
      records: [asked('p1', 10), asked('p2', 11)],
      labels: [ahead, aLabel('p2', '2026-11-23T12:20:00.000Z')],
      sourceKey: 'retrain/iris/iris-run.jsonl',
      record,
    });
    expect(await after.run()).toMatchObject({ outcome: 'assembled', labelledRows: 1 });
  });

  it.each<[string, ModelDefinition]>([
    ['are identified by a column that nobody kept', { ...iris, identity: ['plant'] }],
    [
      'hold personal data, which is not captured',
      defineModel({
        ...iris,
        features: { ...iris.features, plant: { type: 'number', personalData: 'contact' } },
      }),
    ],
  ])('refuses a model whose rows %s', async (_, definition) => {
    const labels = [aLabel('p1', '2026-11-23T10:00:00.000Z')];
    const world = aWorld({ records: [asked('p1', 10)], labels, definition });
    expect(await world.run()).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('without plant'),
    });
  });
});

describe('rowsToLearnFrom', () => {
  it('keeps the columns of the definition; one that the dataset did not have is missing', () => {
    const { petal_width: _, ...older } = flower(1);
    const [row] = rowsToLearnFrom([{ ...older, species: 'setosa', colour: 'red' }], [], iris);
    expect(row).toEqual({ ...flower(1), petal_width: null, species: 'setosa' });
  });
});
