import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { EvergreenError } from '../../shared/errors.ts';
import type { DatasetManifest } from '../dataset.ts';
import { type EpsilonLedger, epsilonLedger, mergeLedgers, spend, totalOf } from './epsilon-ledger.ts';

const ledgerKey = (model: string, datasetId: string) => `ledgers/${model}/${datasetId}.json`;
const attempts = 5;

async function read(
  s3: S3Client,
  bucket: string,
  model: string,
  datasetId: string,
): Promise<{ ledger: EpsilonLedger; etag: string | undefined } | undefined> {
  try {
    const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: ledgerKey(model, datasetId) }));
    const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
    return { ledger: epsilonLedger.parse(JSON.parse(new TextDecoder().decode(bytes))), etag: answer.ETag };
  } catch (thrown) {
    if (thrown instanceof NoSuchKey) return undefined;
    throw thrown;
  }
}

/** What publishing has spent of a dataset; undefined when nothing was published. */
export async function readLedger(
  s3: S3Client,
  bucket: string,
  model: string,
  datasetId: string,
): Promise<EpsilonLedger | undefined> {
  return (await read(s3, bucket, model, datasetId))?.ledger;
}

/**
 * Enters epsilon as spent, before anything is published: of two at a time the second reads what the first wrote.
 *
 * @throws EvergreenError `privacy-budget-spent`; `service-unavailable` when others keep writing.
 */
export async function spendEpsilon(
  s3: S3Client,
  bucket: string,
  { model, datasetId, parents = [] }: Pick<DatasetManifest, 'model' | 'datasetId' | 'parents'>,
  entry: EpsilonLedger['spent'][number],
  budget: number,
): Promise<EpsilonLedger> {
  return change(s3, bucket, { model, datasetId }, async (found) => {
    if (found) return spend(found, entry, budget);
    const earlier = await Promise.all(parents.map((parent) => read(s3, bucket, model, parent.datasetId)));
    const inherited = earlier.reduce((sum, each) => sum + (each ? totalOf(each.ledger) : 0), 0);
    const empty: EpsilonLedger = {
      schema: 'evergreen/epsilon-ledger/v1',
      model,
      datasetId,
      inherited,
      spent: [],
    };
    return spend(empty, entry, budget);
  });
}

/** Enters what another deployment had spent of the same dataset; the same ledger twice is entered once. */
export async function takeOverLedger(s3: S3Client, bucket: string, there: EpsilonLedger): Promise<void> {
  await change(s3, bucket, there, async (found) => (found ? mergeLedgers(found, there) : there));
}

async function change(
  s3: S3Client,
  bucket: string,
  { model, datasetId }: Pick<EpsilonLedger, 'model' | 'datasetId'>,
  next: (found: EpsilonLedger | undefined) => Promise<EpsilonLedger>,
): Promise<EpsilonLedger> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const found = await read(s3, bucket, model, datasetId);
    const after = await next(found?.ledger);
    try {
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: ledgerKey(model, datasetId),
          Body: JSON.stringify(after),
          ContentType: 'application/json',
          ...(found?.etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: found.etag }),
        }),
      );
      return after;
    } catch (thrown) {
      const isRace =
        thrown instanceof Error && /PreconditionFailed|ConditionalRequestConflict/.test(thrown.name);
      if (!isRace) throw thrown;
    }
  }
  throw new EvergreenError(
    'service-unavailable',
    `the ledger of ${datasetId} is being written by others; try again`,
  );
}
