import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { championDocuments } from './champion-documents.store.ts';
import { anEvaluation } from './fixtures/evaluations.ts';

const s3 = mockClient(S3Client);
const documents = championDocuments(new S3Client({}), { dataBucket: 'data', modelBucket: 'models' });
const champion = {
  version: 3,
  packagePrefix: 'packages/iris/x/',
  packageDigest: 'b'.repeat(64),
  modelDigest: 'b'.repeat(64),
  datasetId: 'ds-1',
  since: '2026-11-23T06:00:00.000Z',
};

const hold = (document: unknown) =>
  s3.on(GetObjectCommand, { Bucket: 'models', Key: 'packages/iris/x/evaluation.json' }).callsFake(() => ({
    Body: { transformToByteArray: async () => new TextEncoder().encode(JSON.stringify(document)) },
  }));

beforeEach(() => s3.reset());

describe('championDocuments', () => {
  it('reads the evaluation of a version', async () => {
    hold(anEvaluation());
    expect((await documents.readEvaluation(champion))?.rows).toBe(300);
  });

  it('has none of a version of an earlier release', async () => {
    hold({ schema: 'evergreen/evaluation/v1', rows: 3 });
    expect(await documents.readEvaluation(champion)).toBeNull();
  });

  it('does not take a damaged one for an early one', async () => {
    hold({ schema: 'evergreen/evaluation/v2', rows: -1 });
    await expect(documents.readEvaluation(champion)).rejects.toMatchObject({ code: 'artifact-damaged' });
  });
});
