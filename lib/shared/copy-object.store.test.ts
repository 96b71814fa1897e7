import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { copyObject } from './copy-object.store.ts';

const s3 = new S3Client({ region: 'eu-central-1' });
const mock = mockClient(s3);
const copying = {
  bucket: 'data',
  from: 'a b/train.parquet',
  to: 'c/train.parquet',
  contentType: 'text/plain',
};
const gibibyte = 1024 ** 3;

describe('copyObject', () => {
  beforeEach(() => mock.reset());

  it('copies up to 5 GiB in one request', async () => {
    mock.on(CopyObjectCommand).resolves({});
    await copyObject(s3, { ...copying, bytes: 5 * gibibyte });
    expect(mock.commandCalls(CopyObjectCommand)[0]?.args[0].input).toMatchObject({
      CopySource: 'data/a%20b/train.parquet',
      Key: 'c/train.parquet',
    });
  });

  it('copies more part by part, every byte once', async () => {
    mock.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    mock
      .on(UploadPartCopyCommand)
      .callsFake(({ PartNumber }) => ({ CopyPartResult: { ETag: `e${PartNumber}` } }));
    mock.on(CompleteMultipartUploadCommand).resolves({});
    await copyObject(s3, { ...copying, bytes: 5 * gibibyte + 1 });
    const ranges = mock.commandCalls(UploadPartCopyCommand).map(({ args }) => args[0].input.CopySourceRange);
    expect(ranges).toHaveLength(6);
    expect([ranges[0], ranges[5]]).toEqual([
      `bytes=0-${gibibyte - 1}`,
      `bytes=${5 * gibibyte}-${5 * gibibyte}`,
    ]);
    const [completed] = mock.commandCalls(CompleteMultipartUploadCommand);
    expect(completed?.args[0].input.MultipartUpload?.Parts?.at(-1)).toEqual({ PartNumber: 6, ETag: 'e6' });
  });

  it('leaves no parts behind when it breaks off', async () => {
    mock.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    mock.on(UploadPartCopyCommand).rejects(new Error('away'));
    mock.on(AbortMultipartUploadCommand).resolves({});
    await expect(copyObject(s3, { ...copying, bytes: 6 * gibibyte })).rejects.toThrow('away');
    expect(mock.commandCalls(AbortMultipartUploadCommand)).toHaveLength(1);
  });
});
