import { gzipSync } from 'node:zlib';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { invoke, objectBody, stubFunction } from '../../lib/shared/fixtures/invoke.ts';
import { tarOf } from '../../lib/shared/fixtures/tar-writer.ts';
import { aFederatedOrder } from '../../lib/training/fixtures/builders.ts';
import { handler } from './handler.ts';

const s3 = mockClient(S3Client);
const { deployed } = aFederatedOrder();
const artifact = (party: string) =>
  `s3://MODEL_BUCKET/federated/updates/iris/${party}/job/output/model.tar.gz`;
const event = {
  runId: 'iris-0123456789abcdef',
  model: 'iris',
  definitionDigest: deployed.digest,
  round: 1,
  updates: ['north', 'south'].map((party) => ({ party, artifact: artifact(party) })),
};

function update(party: string, rows: number) {
  const weights = Array.from({ length: 12 }, () => rows);
  const document = { schema: 'evergreen/federated-update/v1', party, round: 1, rows, weights };
  const bytes = gzipSync(tarOf([{ name: 'update.json', content: JSON.stringify(document) }]));
  return { transformToByteArray: async () => bytes };
}

beforeEach(() => {
  s3.reset();
  vi.restoreAllMocks();
  stubFunction('DATA_BUCKET', 'MODEL_BUCKET');
  s3.on(GetObjectCommand, { Bucket: 'DATA_BUCKET' }).callsFake(() => ({ Body: objectBody(deployed) }));
  s3.on(PutObjectCommand).resolves({});
});

describe('average-updates', () => {
  it('reads what the parties left and writes their mean', async () => {
    s3.on(GetObjectCommand, { Bucket: 'MODEL_BUCKET' }).callsFake(({ Key }) => ({
      Body: Key.includes('/north/') ? update('north', 10) : update('south', 30),
    }));
    expect(await invoke(handler, event)).toMatchObject({ isLast: false, round: 2 });
    const [put] = s3.commandCalls(PutObjectCommand);
    expect(put?.args[0].input).toMatchObject({
      Bucket: 'MODEL_BUCKET',
      Key: 'federated/rounds/iris/iris-0123456789abcdef/1/weights.json',
    });
    expect(JSON.parse(String(put?.args[0].input.Body)).weights[0]).toBe(25);
  });

  it('fails with a name that no state tries again when an update is wrong', async () => {
    s3.on(GetObjectCommand, { Bucket: 'MODEL_BUCKET' }).callsFake(() => ({ Body: update('north', 10) }));
    await expect(invoke(handler, event)).rejects.toMatchObject({
      name: 'Evergreen.NotAllowed',
      message: 'federated-update-invalid: party south: its update is signed by "north"',
    });
    expect(s3.commandCalls(PutObjectCommand)).toEqual([]);
  });
});
