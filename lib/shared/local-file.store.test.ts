import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, describe, expect, it } from 'vitest';
import { digestFile, downloadFile } from './local-file.store.ts';

const folder = mkdtempSync(join(tmpdir(), 'evergreen-file-'));
const path = join(folder, 'rows.csv');
afterAll(() => rmSync(folder, { recursive: true }));

describe('digestFile', () => {
  it('reads a file through', async () => {
    writeFileSync(path, 'a,b\n');
    const sha256 = createHash('sha256').update('a,b\n').digest('hex');
    expect(await digestFile(path)).toEqual({ path, sha256, bytes: 4 });
  });

  it('says that a file cannot be read', async () => {
    await expect(digestFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'file-unreadable' });
  });

  it('ends when it is told to', async () => {
    writeFileSync(path, 'a,b\n');
    await expect(digestFile(path, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('downloadFile', () => {
  const s3 = new S3Client({ region: 'eu-central-1' });
  const mock = mockClient(s3);
  const object = { bucket: 'data', key: 'rows.parquet' };
  const to = join(folder, 'rows.parquet');
  const answers = (chunks: () => Iterable<Buffer>, length: number) =>
    mock.on(GetObjectCommand).callsFake(() => ({ Body: Readable.from(chunks()), ContentLength: length }));

  it('copies an object and digests it', async () => {
    answers(() => [Buffer.from('a,'), Buffer.from('b\n')], 4);
    const sha256 = createHash('sha256').update('a,b\n').digest('hex');
    expect(await downloadFile(s3, object, to)).toEqual({ path: to, sha256, bytes: 4 });
    expect(readFileSync(to, 'utf8')).toBe('a,b\n');
  });

  it('says when it broke off, which is worth another try', async () => {
    answers(() => [Buffer.from('a,')], 4);
    const brokenOff = { code: 'service-unavailable', message: expect.stringContaining('2 of 4 bytes came') };
    await expect(downloadFile(s3, object, to)).rejects.toMatchObject(brokenOff);
    answers(function* () {
      yield Buffer.from('a,');
      throw new Error('aborted');
    }, 4);
    await expect(downloadFile(s3, object, to)).rejects.toMatchObject({ code: 'service-unavailable' });
    mock.on(GetObjectCommand).callsFake(() => ({}));
    await expect(downloadFile(s3, object, to)).rejects.toMatchObject({ code: 'service-unavailable' });
  });

  it('says when a disk is full, which is not', async () => {
    answers(function* () {
      yield Buffer.from('a,');
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    }, 4);
    await expect(downloadFile(s3, object, to)).rejects.toMatchObject({
      code: 'internal',
      message: 'rows.parquet of 4 bytes does not fit on the disk',
    });
  });

  it('says that an object is not there', async () => {
    mock.on(GetObjectCommand).rejects(new NoSuchKey({ message: 'none', $metadata: {} }));
    await expect(downloadFile(s3, object, to)).rejects.toMatchObject({ code: 'artifact-missing' });
  });
});
