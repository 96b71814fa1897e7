import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { digestFile } from '../shared/local-file.store.ts';
import { putInput } from './batch-input.ts';
import type { Connection } from './connection.ts';

const mock = mockClient(S3Client);
const folder = mkdtempSync(join(tmpdir(), 'batch-input-'));
const path = join(folder, 'file.csv');
const connection = {
  s3: new S3Client({ region: 'eu-central-1' }),
  outputs: { DataBucket: 'data' },
} as Connection;
const signal = new AbortController().signal;
const told: string[] = [];
const put = async () =>
  putInput(connection, 'key', await digestFile(path), ({ text }) => void told.push(text), signal);

beforeEach(() => {
  mock.reset();
  told.length = 0;
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('putInput', () => {
  it('puts a small file in one piece, with its digest', async () => {
    writeFileSync(path, 'a,b\n');
    mock.on(PutObjectCommand).resolves({ VersionId: 'v7' });
    expect(await put()).toBe('v7');
    const { sha256 } = await digestFile(path);
    expect(mock.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({
      Bucket: 'data',
      Key: 'key',
      Body: Buffer.from('a,b\n'),
      Metadata: { sha256 },
      ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
    });
  });

  const large = 70 * 1024 ** 2;
  function writeLarge(): void {
    writeFileSync(path, 'start');
    truncateSync(path, large);
    appendFileSync(path, 'end');
  }

  it('puts a large file in pieces, and tells how far it is', async () => {
    writeLarge();
    mock.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    mock
      .on(UploadPartCommand)
      .callsFake(({ PartNumber }) => ({ ETag: `e${PartNumber}`, ChecksumCRC32: `c${PartNumber}` }));
    mock.on(CompleteMultipartUploadCommand).resolves({ VersionId: 'v8' });
    expect(await put()).toBe('v8');
    const pieces = mock.commandCalls(UploadPartCommand).map(({ args }) => args[0].input.Body as Buffer);
    expect(pieces.map(({ length }) => length)).toEqual([2 ** 25, 2 ** 25, large + 3 - 2 ** 26]);
    const { sha256 } = await digestFile(path);
    expect(createHash('sha256').update(Buffer.concat(pieces)).digest('hex')).toBe(sha256);
    expect(
      mock.commandCalls(CompleteMultipartUploadCommand)[0]?.args[0].input.MultipartUpload?.Parts,
    ).toEqual([1, 2, 3].map((n) => ({ PartNumber: n, ETag: `e${n}`, ChecksumCRC32: `c${n}` })));
    expect(told).toEqual(['upload: 0 of 70 MiB', 'upload: 32 of 70 MiB', 'upload: 64 of 70 MiB']);
  });

  it('leaves no pieces behind when one cannot be sent, or the file becomes shorter', async () => {
    writeLarge();
    mock.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    mock.on(UploadPartCommand).rejects(new Error('no network'));
    mock.on(AbortMultipartUploadCommand).resolves({});
    await expect(put()).rejects.toThrow('no network');
    expect(mock.commandCalls(AbortMultipartUploadCommand)[0]?.args[0].input).toMatchObject({ UploadId: 'u' });
    const file = { ...(await digestFile(path)), bytes: large * 2 };
    mock.on(UploadPartCommand).resolves({});
    await expect(putInput(connection, 'key', file, () => undefined, signal)).rejects.toThrow(
      /became shorter meanwhile/,
    );
  });
});
