import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { aFlower, explainedFlowers, trainedFlowers } from '../inference/fixtures/models.ts';
import { MemorySource } from '../inference/fixtures/packages.ts';
import { judgeAttributions } from './attribution-drift.ts';
import { explainChampion } from './champion-attributions.store.ts';

const s3 = mockClient(S3Client);
const source = new MemorySource();
const site = {
  s3: new S3Client({}),
  modelBucket: 'models',
  trust: async () => source.key,
  stopwatch: () => 0,
};
const rows = Array.from({ length: 24 }, (_, place) => ({ ...aFlower, length: 1 + place / 4 }));

beforeEach(() => {
  s3.reset();
  s3.on(GetObjectCommand, { Bucket: 'models' }).callsFake(({ Key }: { Key: string }) => {
    const bytes = source.objects.get(Key);
    if (!bytes) throw new NoSuchKey({ message: 'none', $metadata: {} });
    return { Body: { transformToByteArray: async () => bytes } };
  });
});

describe('explainChampion', () => {
  it('explains rows by the session that serves, beside the golden rows of training', async () => {
    const found = await explainChampion(site, source.add(1, explainedFlowers()), rows);
    if ('reason' in found) throw new Error(found.reason);
    const features = ['colour', 'length', 'petals', 'width', 'wild'];
    expect(Object.keys(found.means).sort()).toEqual(features);
    expect(Object.keys(found.trained).sort()).toEqual(features);
    expect(found.sample).toBe(24);
    expect(Math.max(...Object.values(found.means))).toBeGreaterThan(0);
    expect(judgeAttributions(found.trained, found).verdict).not.toBe('not available');
  });

  it('says why it cannot, and fails nothing', async () => {
    expect(await explainChampion(site, source.add(2, trainedFlowers()), rows)).toEqual({
      reason: 'version 2 was trained without an explanation',
    });
    const gone = { ...source.add(3, explainedFlowers()), packagePrefix: 'packages/flowers/gone/' };
    expect(await explainChampion(site, gone, rows)).toMatchObject({
      reason: expect.stringMatching(
        /^version 3 cannot be explained: package packages\/flowers\/gone\/ has no signature/,
      ),
    });
  });

  it('does not hide what is no state of a package', async () => {
    s3.on(GetObjectCommand).rejects(new TypeError('a mistake of ours'));
    await expect(explainChampion(site, source.add(4, explainedFlowers()), rows)).rejects.toThrow('a mistake');
  });
});
