import type { S3Client } from '@aws-sdk/client-s3';
import type { DatasetPlace } from './dataset.store.ts';
import type { DatasetManifest, SourceObject } from './dataset.ts';
import { gatheredFrom } from './dataset-documents.ts';
import type { JoinOutcome } from './parts/parts.ts';
import { recordCopies } from './versions/raw-copies.store.ts';

/** An upload that is a known dataset leaves one more copy of its rows, and the files that it was joined of. */
export async function noteCopy(
  s3: S3Client,
  place: DatasetPlace,
  known: DatasetManifest,
  source: SourceObject,
  joined: JoinOutcome | null,
): Promise<void> {
  // The same upload once more, by a repeated event or a run that goes on.
  if (known.source.key === source.key && known.source.versionId === source.versionId) return;
  const files = joined?.outcome === 'joined' ? gatheredFrom(joined) : [];
  await recordCopies(s3, place, [source, ...files]);
}
