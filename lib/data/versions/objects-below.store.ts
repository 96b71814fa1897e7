import {
  DeleteObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { EvergreenError } from '../../shared/errors.ts';

export interface ObjectVersion {
  key: string;
  versionId: string;
  /** A marker says that the key was deleted and holds no bytes. */
  isMarker: boolean;
  isLatest: boolean;
  /** 0 of a marker. */
  bytes: number;
}

const mostAtOnce = 1000;

export async function listKeys(s3: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
    );
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return keys;
}

/** Every version and delete marker below a prefix, also of objects that were overwritten or deleted. */
export async function listVersions(s3: S3Client, bucket: string, prefix: string): Promise<ObjectVersion[]> {
  const found: ObjectVersion[] = [];
  let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (next) {
    const page: ListObjectVersionsCommandOutput = await s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...next }),
    );
    const add =
      (isMarker: boolean) =>
      (each: { Key?: string; VersionId?: string; IsLatest?: boolean; Size?: number }) => {
        if (each.Key === undefined) return;
        found.push({
          key: each.Key,
          versionId: each.VersionId ?? 'null',
          isMarker,
          isLatest: each.IsLatest ?? false,
          bytes: each.Size ?? 0,
        });
      };
    page.Versions?.forEach(add(false));
    page.DeleteMarkers?.forEach(add(true));
    next = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
      : undefined;
  }
  return found;
}

/**
 * Destroys versions of objects: their bytes are gone, and no marker is left.
 *
 * @throws EvergreenError `access-denied` that names the first version which S3 would not delete.
 */
export async function destroyVersions(
  s3: S3Client,
  bucket: string,
  versions: readonly Pick<ObjectVersion, 'key' | 'versionId'>[],
): Promise<void> {
  for (let from = 0; from < versions.length; from += mostAtOnce) {
    const some = versions.slice(from, from + mostAtOnce);
    const { Errors } = await s3.send(
      new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: {
          Quiet: true,
          Objects: some.map(({ key, versionId }) => ({ Key: key, VersionId: versionId })),
        },
      }),
    );
    const [first] = Errors ?? [];
    if (!first) continue;
    throw new EvergreenError(
      'access-denied',
      `version ${first.VersionId} of ${first.Key} was not deleted (${first.Code}); it needs s3:DeleteObjectVersion; run the same command again`,
    );
  }
}
