import { HeadObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryObjects } from '../../data/fixtures/memory-objects.ts';
import { listSizes, readPartMetadata, sizeOf, writeParquet } from './batch.store.ts';

const place = { bucket: 'data', key: 'batches/m/b-1/parts/00000.parquet' };
const about = { rows: 'a'.repeat(64), package: 'b'.repeat(64) };

describe('readPartMetadata', () => {
  it('reads what was written with a part, in one piece', async () => {
    const { s3, digests } = memoryObjects();
    expect(await readPartMetadata(s3, place)).toBeUndefined();
    const sha256 = await writeParquet(s3, place, Buffer.from('answers'), about);
    expect(await readPartMetadata(s3, place)).toEqual({ ...about, sha256 });
    expect(digests()[place.key]).toBe(sha256);
  });

  it('takes an object that says nothing of itself for none', async () => {
    const { s3, put } = memoryObjects();
    put(place.key, 'from elsewhere');
    expect(await readPartMetadata(s3, place)).toBeUndefined();
    expect(await sizeOf(s3, place)).toBe(14);
  });
});

describe('S3 itself', () => {
  const mock = mockClient(S3Client);
  const s3 = new S3Client({ region: 'eu-central-1' });
  beforeEach(() => mock.reset());

  it('is asked for all pages of a listing', async () => {
    mock
      .on(ListObjectsV2Command)
      .resolvesOnce({ Contents: [{ Key: 'a', Size: 1 }], NextContinuationToken: 'more' })
      .resolves({ Contents: [{ Key: 'b', Size: 2 }] });
    expect(await listSizes(s3, 'data', 'p/')).toEqual(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    );
    expect(mock.calls()[1]?.args[0].input).toMatchObject({ Prefix: 'p/', ContinuationToken: 'more' });
  });

  it('that refuses is not taken for an object that is missing', async () => {
    mock.on(HeadObjectCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDenied' }));
    await expect(sizeOf(s3, place)).rejects.toThrow('denied');
  });
});
