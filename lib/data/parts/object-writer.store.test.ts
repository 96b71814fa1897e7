import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { ObjectWriter } from './object-writer.store.ts';

const s3 = new S3Client({ region: 'eu-central-1' });
const mock = mockClient(s3);
const object = { bucket: 'data', key: 'a/b.csv', metadata: { by: 'test' }, pieceBytes: 10 };

describe('ObjectWriter', () => {
  beforeEach(() => {
    mock.reset();
    mock.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    mock.on(UploadPartCommand).callsFake(({ PartNumber }) => ({ ETag: `e${PartNumber}` }));
    mock.on(CompleteMultipartUploadCommand).resolves({ VersionId: 'long' });
    mock.on(PutObjectCommand).resolves({ VersionId: 'short' });
  });

  it('writes a short object in one request', async () => {
    const writer = new ObjectWriter(s3, object);
    await writer.write(Buffer.from('12345'));
    await writer.write(Buffer.from('678'));
    expect(await writer.end()).toBe('short');
    const [put] = mock.commandCalls(PutObjectCommand);
    expect(String(put?.args[0].input.Body)).toBe('12345678');
    expect(put?.args[0].input.Metadata).toEqual({ by: 'test' });
  });

  it('writes a long one piece by piece, every byte once and in order', async () => {
    const writer = new ObjectWriter(s3, object);
    for (const piece of ['123456', '789012', '3456789012', 'end']) await writer.write(Buffer.from(piece));
    expect(await writer.end()).toBe('long');
    const pieces = mock.commandCalls(UploadPartCommand).map(({ args }) => String(args[0].input.Body));
    expect(pieces).toEqual(['123456789012', '3456789012', 'end']);
    const [completed] = mock.commandCalls(CompleteMultipartUploadCommand);
    expect(completed?.args[0].input.MultipartUpload?.Parts?.map(({ ETag }) => ETag)).toEqual([
      'e1',
      'e2',
      'e3',
    ]);
    expect(mock.commandCalls(PutObjectCommand)).toEqual([]);
  });

  it('leaves nothing of a long one that is given up', async () => {
    const writer = new ObjectWriter(s3, object);
    await writer.abort();
    await writer.write(Buffer.from('1234567890'));
    await writer.abort();
    expect(mock.commandCalls(AbortMultipartUploadCommand)).toHaveLength(1);
  });
});
