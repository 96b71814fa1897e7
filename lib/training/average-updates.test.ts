import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { tarOf } from '../shared/fixtures/tar-writer.ts';
import { type AverageParts, averageUpdates } from './average-updates.ts';
import { aFederatedOrder, anOrder } from './fixtures/builders.ts';

const { deployed } = aFederatedOrder();
const prefix = 's3://evergreen-models/federated/updates/iris/';
const request = {
  runId: 'iris-0123456789abcdef',
  model: 'iris',
  definitionDigest: deployed.digest,
  round: 1,
  updates: [
    { party: 'north', artifact: `${prefix}north/job-1/output/model.tar.gz` },
    { party: 'south', artifact: `${prefix}south/job-2/output/model.tar.gz` },
  ],
};

/** Three columns and an intercept for each of three classes. */
const weightsOf = (value: number) => Array.from({ length: 12 }, () => value);

function archive(document: unknown): Uint8Array {
  return gzipSync(tarOf([{ name: './update.json', content: JSON.stringify(document) }]));
}

const update = (party: string, rows: number, value: number, round: number) => ({
  schema: 'evergreen/federated-update/v1',
  party,
  round,
  rows,
  weights: weightsOf(value),
});

/** A model bucket with the updates of a round. */
function world(round: number, over: Record<string, Uint8Array> = {}) {
  const written: Record<string, object> = {};
  const objects: Record<string, Uint8Array> = {
    'federated/updates/iris/north/job-1/output/model.tar.gz': archive(update('north', 10, 1, round)),
    'federated/updates/iris/south/job-2/output/model.tar.gz': archive(update('south', 30, 5, round)),
    ...over,
  };
  const parts: AverageParts = {
    modelBucket: 'evergreen-models',
    readDeployed: async () => deployed,
    readUpdate: async (key) => objects[key] ?? Promise.reject(new Error(`no ${key}`)),
    write: async (key, document) => {
      written[key] = document;
    },
  };
  return { parts, written };
}

describe('averageUpdates', () => {
  it('writes where the next round begins, without the numbers of rows', async () => {
    const { parts, written } = world(1);
    const answer = await averageUpdates(parts, request);
    expect(answer).toMatchObject({ isLast: false, round: 2 });
    expect(answer.weights).toEqual([
      expect.objectContaining({
        ChannelName: 'weights',
        DataSource: {
          S3DataSource: expect.objectContaining({
            S3Uri: 's3://evergreen-models/federated/rounds/iris/iris-0123456789abcdef/1/weights.json',
          }),
        },
      }),
    ]);
    expect(written).toEqual({
      'federated/rounds/iris/iris-0123456789abcdef/1/weights.json': {
        schema: 'evergreen/federated-round/v1',
        round: 1,
        weights: weightsOf(4),
      },
    });
  });

  it('writes what the package is made of after the last round', async () => {
    const { parts, written } = world(3);
    expect(await averageUpdates(parts, { ...request, round: 3 })).toEqual({
      isLast: true,
      round: 3,
      weights: [],
    });
    expect(written).toEqual({
      'federated/results/iris/iris-0123456789abcdef/federation.json': {
        schema: 'evergreen/federated-result/v1',
        rounds: 3,
        parties: [
          { name: 'north', rows: 10 },
          { name: 'south', rows: 30 },
        ],
        weights: weightsOf(4),
      },
    });
  });

  const southKey = 'federated/updates/iris/south/job-2/output/model.tar.gz';

  it.each<[why: string, bytes: Uint8Array, message: RegExp]>([
    [
      'is no gzip',
      Buffer.from('no gzip at all'),
      /party south: its update cannot be read: incorrect header check/,
    ],
    ['is no archive', gzipSync(Buffer.alloc(600, 1)), /party south: its update cannot be read: model.tar.gz/],
    ['lacks the file', gzipSync(tarOf([])), /party south: its update cannot be read/],
    ['has more in it', archive({ ...update('south', 3, 1, 1), rowsOf: [] }), /party south: .*rowsOf/s],
    ['has another shape', archive({ ...update('south', 3, 1, 1), weights: [1] }), /party south: .*1 weights/],
    ['has half a row', archive({ ...update('south', 2.5, 1, 1) }), /party south: its update cannot be read/],
  ])('averages nothing when an update %s', async (_, bytes, message) => {
    const { parts, written } = world(1, { [southKey]: bytes });
    await expect(averageUpdates(parts, request)).rejects.toThrow(message);
    expect(written).toEqual({});
  });

  it('averages nothing without one of the parties', async () => {
    const { parts, written } = world(1);
    const [first] = request.updates;
    const one = { ...request, updates: first ? [first] : [] };
    await expect(averageUpdates(parts, one)).rejects.toThrow('party south: it left no update');
    expect(written).toEqual({});
  });

  it('takes an update only from where its party alone can write', async () => {
    const { parts } = world(1);
    for (const artifact of [
      `${prefix}north/job-1/output/model.tar.gz`,
      's3://other/federated/updates/iris/south/x',
    ]) {
      const forged = { ...request, updates: [...request.updates, { party: 'south', artifact }] };
      await expect(averageUpdates(parts, forged)).rejects.toThrow(/party south: its update must lie below/);
    }
  });

  it('refuses a model without parties', async () => {
    const parts = { ...world(1).parts, readDeployed: async () => anOrder().deployed };
    await expect(averageUpdates(parts, request)).rejects.toThrow('model iris is not trained by parties');
  });
});
