import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { aVersion } from '../registry/fixtures/builders.ts';
import type { ModelVersion } from '../registry/registry.ts';
import { EvergreenError } from '../shared/errors.ts';
import { uuidV7 } from '../shared/ids.ts';
import type { CaptureObject, Receipt } from './capture.ts';
import { CaptureDesk } from './capture-desk.ts';
import type { EdgeCapture } from './edge-captures.ts';

const now = new Date('2026-11-23T12:00:00Z');

const iris = defineModel({
  name: 'iris',
  task: 'classification',
  features: {
    petal_length: { type: 'number', min: 0, max: 30 },
    colour: { type: 'category', categories: ['blue', 'white'], mayBeMissing: true },
    finder: { type: 'text', personalData: 'identifier', mayBeMissing: true },
  },
  target: { name: 'species', type: 'category', categories: ['setosa', 'virginica'] },
  train: { algorithm: 'linear-svc' },
});
const prices = defineModel({
  name: 'prices',
  task: 'regression',
  features: { petal_length: { type: 'number' }, colour: { type: 'text', mayBeMissing: true } },
  target: { name: 'price', type: 'number' },
  train: { algorithm: 'random-forest' },
});

const third = aVersion(3);

function aCapture(changes: Partial<EdgeCapture> = {}): EdgeCapture {
  return {
    predictionId: uuidV7(now.getTime()),
    traceId: 'trace-1',
    version: 3,
    packageDigest: third.packageDigest,
    at: '2026-11-23T11:00:00.000Z',
    latencyMs: 0.4,
    rows: [{ petal_length: 1.4, colour: null }],
    predictions: [{ label: 'setosa', scores: { setosa: 0.9, virginica: 0.1 } }],
    ...changes,
  };
}

/** A desk over a table and a bucket in memory. */
function aDesk({ definition = iris, failures = 0 } = {}) {
  const receipts = new Map<string, Receipt>();
  const objects: CaptureObject[] = [];
  let readings = 0;
  let left = failures;
  const desk = new CaptureDesk({
    predictions: {
      findReceipts: async (ids) =>
        new Map([...ids].flatMap((id) => (receipts.has(id) ? [[id, receipts.get(id) as Receipt]] : []))),
      addReceipt: async (receipt) => {
        if (left > 0) {
          left -= 1;
          throw new EvergreenError('service-unavailable', 'the table is down');
        }
        const before = receipts.get(receipt.predictionId);
        if (!before) receipts.set(receipt.predictionId, receipt);
        return before;
      },
    },
    captures: { write: async (written) => void objects.push(...written) },
    isDeployed: (model) => model === 'iris',
    readVersion: async (model, version): Promise<ModelVersion> => {
      readings += 1;
      if (version === 3) return third;
      throw new EvergreenError('version-unknown', `${model} has no version ${version}`);
    },
    readDefinition: async () => definition,
    now: () => now,
  });
  const take = (...captures: unknown[]) => desk.take('iris', { captures });
  return { desk, take, receipts, objects, readings: () => readings };
}

describe('CaptureDesk', () => {
  it('keeps a prediction with what the registry knows of its version, as one of the edge', async () => {
    const { take, receipts, objects } = aDesk();
    const capture = aCapture();
    expect(await take(capture)).toEqual({ accepted: 1, repeated: 0, refused: [] });
    expect(receipts.get(capture.predictionId)).toMatchObject({
      model: 'iris',
      version: 3,
      variant: 'edge',
      modelDigest: third.modelDigest,
      datasetId: third.lineage.datasetId,
      at: capture.at,
      rowCount: 1,
      objectKey: objects[0]?.key,
    });
    expect(objects[0]?.key).toMatch(/^captures\/iris\/dt=2026-11-23\/hour=11\//);
    expect(JSON.parse(objects[0]?.body ?? '')).toMatchObject({ kind: 'prediction', variant: 'edge' });
  });

  it('keeps each once, however often and in whatever company it comes', async () => {
    const { take, receipts, objects } = aDesk();
    const [a, b, c] = [aCapture(), aCapture(), aCapture()];
    expect(await take(a, b, b)).toEqual({ accepted: 3, repeated: 1, refused: [] });
    expect(await take(a, b)).toEqual({ accepted: 2, repeated: 2, refused: [] });
    expect(await take(b, c)).toEqual({ accepted: 2, repeated: 1, refused: [] });
    expect(receipts.size).toBe(3);
    const kept = objects.flatMap(({ body }) => body.trim().split('\n'));
    expect(kept).toHaveLength(3);
  });

  it('takes up where it broke off: what is sent again takes the place of itself', async () => {
    const { take, receipts, objects } = aDesk({ failures: 1 });
    const sent = [aCapture(), aCapture()];
    await expect(take(...sent)).rejects.toMatchObject({ code: 'service-unavailable' });
    receipts.clear();
    expect(await take(...sent)).toMatchObject({ accepted: 2, repeated: 0 });
    expect(new Set(objects.map(({ key }) => key)).size).toBe(1);
  });

  it('keeps once what two send at the same time', async () => {
    const { take, receipts } = aDesk();
    const capture = aCapture();
    const replies = await Promise.all([take(capture), take(capture)]);
    expect(replies.map(({ repeated }) => repeated).toSorted()).toEqual([0, 1]);
    expect(receipts.size).toBe(1);
  });

  it('lets nobody write over a prediction', async () => {
    const { take, receipts } = aDesk();
    const first = aCapture();
    await take(first);
    const other = { ...first, predictions: [{ label: 'virginica' }] };
    const refusal = { code: 'request-conflict', pointer: '/captures/1/predictionId' };
    expect(await take(first, other)).toMatchObject({ accepted: 1, refused: [{ index: 1, ...refusal }] });
    await expect(take(other)).rejects.toMatchObject({ code: 'request-conflict' });
    expect(receipts.get(first.predictionId)?.content?.predictions).toEqual(first.predictions);
  });

  it('reads a version once', async () => {
    const { take, readings } = aDesk();
    await take(aCapture(), aCapture());
    await take(aCapture());
    expect(readings()).toBe(1);
  });

  it.each<[string, object, string, string]>([
    ['a record of another shape', { latencyMs: -1 }, '/latencyMs', 'request-invalid'],
    ['an id that is none', { predictionId: 'p1' }, '/predictionId', 'request-invalid'],
    ['a member nobody knows', { variant: 'champion' }, '', 'request-invalid'],
    ['a version that is not registered', { version: 9 }, '/version', 'version-unknown'],
    ['another package', { packageDigest: 'f'.repeat(64) }, '/packageDigest', 'request-invalid'],
    ['what has not come yet', { at: '2026-11-23T12:06:00.000Z' }, '/at', 'request-invalid'],
    ['what is no longer kept', { at: '2026-08-24T00:00:00.000Z' }, '/at', 'request-invalid'],
    ['a row out of range', { rows: [{ petal_length: 31 }] }, '/rows/0/petal_length', 'request-invalid'],
    [
      'a row with a foreign name',
      { rows: [{ petal_length: 1, 'a/b': 1 }] },
      '/rows/0/a~1b',
      'request-invalid',
    ],
    ['personal data', { rows: [{ petal_length: 1, finder: 'Ada' }] }, '/rows/0/finder', 'request-invalid'],
    ['a row without a prediction', { predictions: [] }, '/predictions', 'request-invalid'],
    ['a label nobody knows', { predictions: [{ label: 'rose' }] }, '/predictions/0', 'request-invalid'],
    ['a number for a label', { predictions: [{ value: 1 }] }, '/predictions/0', 'request-invalid'],
  ])('refuses %s by its pointer and takes the rest', async (_, changes, pointer, code) => {
    const { take, receipts } = aDesk();
    const bad = aCapture(changes);
    const reply = await take(bad, aCapture());
    expect(reply).toMatchObject({
      accepted: 1,
      refused: [{ index: 0, code, pointer: `/captures/0${pointer}`, message: expect.any(String) }],
    });
    expect(receipts.has(bad.predictionId)).toBe(false);
    await expect(take(bad)).rejects.toMatchObject({
      code,
      details: { errors: [{ pointer: `/captures/0${pointer}` }] },
    });
  });

  it('holds records against the definition that their version was made with', async () => {
    const { take } = aDesk({ definition: prices });
    const capture = aCapture({ rows: [{ petal_length: 99, colour: null }], predictions: [{ value: 2 }] });
    expect(await take(capture)).toMatchObject({ accepted: 1 });
    await expect(take(aCapture())).rejects.toThrow(/\/predictions\/0 .* a number as value is needed/);
  });

  it.each([[{}], [{ captures: [] }], [[]], [{ captures: [1], more: 1 }], [{ captures: Array(501).fill(1) }]])(
    'refuses a body that is no list of records',
    async (body) => {
      const { desk } = aDesk();
      await expect(desk.take('iris', body)).rejects.toMatchObject({ code: 'request-invalid' });
    },
  );

  it('does not know a model that is not deployed', async () => {
    const { desk } = aDesk();
    await expect(desk.take('wine', { captures: [aCapture()] })).rejects.toMatchObject({
      code: 'model-unknown',
    });
  });
});
