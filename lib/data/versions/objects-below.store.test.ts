import {
  DeleteObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { destroyVersions, listKeys, listVersions } from './objects-below.store.ts';

const s3 = new S3Client({ region: 'eu-central-1' });
const mock = mockClient(s3);

describe('listKeys and listVersions', () => {
  it('follow every page, and know markers from bytes', async () => {
    mock.reset();
    mock
      .on(ListObjectsV2Command)
      .callsFake(({ ContinuationToken }) =>
        ContinuationToken
          ? { Contents: [{ Key: 'b' }] }
          : { Contents: [{ Key: 'a' }], NextContinuationToken: 't' },
      );
    expect(await listKeys(s3, 'data', '')).toEqual(['a', 'b']);
    mock.on(ListObjectVersionsCommand).callsFake(({ KeyMarker }) =>
      KeyMarker
        ? { DeleteMarkers: [{ Key: 'b', VersionId: '2', IsLatest: true }] }
        : {
            Versions: [{ Key: 'a', VersionId: '1', Size: 7 }],
            IsTruncated: true,
            NextKeyMarker: 'a',
            NextVersionIdMarker: '1',
          },
    );
    expect(await listVersions(s3, 'data', '')).toEqual([
      { key: 'a', versionId: '1', isMarker: false, isLatest: false, bytes: 7 },
      { key: 'b', versionId: '2', isMarker: true, isLatest: true, bytes: 0 },
    ]);
  });
});

describe('destroyVersions', () => {
  it('asks for a thousand at a time, and says what was not deleted', async () => {
    mock.reset();
    mock.on(DeleteObjectsCommand).resolves({});
    const versions = Array.from({ length: 1001 }, (_, i) => ({ key: `k${i}`, versionId: 'v' }));
    await destroyVersions(s3, 'data', versions);
    expect(mock.calls().length).toBe(2);
    mock.on(DeleteObjectsCommand).resolves({ Errors: [{ Key: 'k1', VersionId: 'v', Code: 'AccessDenied' }] });
    await expect(destroyVersions(s3, 'data', versions)).rejects.toMatchObject({
      code: 'access-denied',
      message: expect.stringContaining('version v of k1 was not deleted (AccessDenied)'),
    });
  });
});
