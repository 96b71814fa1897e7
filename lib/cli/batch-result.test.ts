import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchResult, outputPath, requireFolder } from './batch-result.ts';
import type { Connection } from './connection.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'batch-result-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('outputPath', () => {
  it.each([
    ['a/rows.csv', 'a/rows.predictions.parquet'],
    ['a/my.rows.csv.gz', 'a/my.rows.predictions.parquet'],
    ['big.PARQUET', 'big.predictions.parquet'],
    ['rows', 'rows.predictions.parquet'],
  ])('is beside %s', (path, expected) => {
    expect(outputPath(path, undefined)).toBe(expected);
  });

  it('is where it was asked for', () => {
    expect(outputPath('a/rows.csv', 'b.parquet')).toBe('b.parquet');
  });
});

describe('requireFolder', () => {
  it('refuses a place where nothing can be written, before the work begins', () => {
    expect(() => requireFolder(join(folder, 'a.parquet'))).not.toThrow();
    expect(() => requireFolder('a.parquet')).not.toThrow();
    expect(() => requireFolder(join(folder, 'none', 'a.parquet'))).toThrow(
      /there is no folder .*none for the result/,
    );
  });
});

describe('fetchResult', () => {
  const mock = mockClient(S3Client);
  const connection = {
    s3: new S3Client({ region: 'eu-central-1' }),
    outputs: { DataBucket: 'data' } as Connection['outputs'],
  };
  const content = 'the result';
  const sha256 = createHash('sha256').update(content).digest('hex');
  const summary = { result: { key: 'r', sha256, bytes: content.length } };
  const signal = new AbortController().signal;
  const fetched = (body: string) =>
    mock.on(GetObjectCommand).resolves({ Body: Readable.from([body]) as never });
  beforeEach(() => mock.reset());

  it('writes the result, in the place of another one', async () => {
    fetched(content);
    const path = join(folder, 'a.parquet');
    writeFileSync(path, 'an older one');
    await fetchResult(connection, summary, path, signal);
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(readdirSync(folder)).toEqual(['a.parquet']);
  });

  it('asks for nothing that is there already', async () => {
    const path = join(folder, 'a.parquet');
    writeFileSync(path, content);
    await fetchResult(connection, summary, path, signal);
    expect(mock.calls()).toEqual([]);
  });

  it('leaves nothing of a result that is another than it should be, breaks off, or does not come', async () => {
    const path = join(folder, 'a.parquet');
    fetched('something else');
    await expect(fetchResult(connection, summary, path, signal)).rejects.toMatchObject({
      code: 'artifact-damaged',
    });
    mock.on(GetObjectCommand).resolves({});
    await expect(fetchResult(connection, summary, path, signal)).rejects.toMatchObject({
      code: 'service-unavailable',
    });
    const broken = Readable.from(
      (function* () {
        yield 'the';
        throw new Error('reset');
      })(),
    );
    mock.on(GetObjectCommand).resolves({ Body: broken as never });
    await expect(fetchResult(connection, summary, path, signal)).rejects.toThrow('reset');
    expect(readdirSync(folder)).toEqual([]);
  });
});
