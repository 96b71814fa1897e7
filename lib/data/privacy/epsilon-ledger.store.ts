import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { EvergreenError } from '../../shared/errors.ts';
import type { DatasetManifest } from '../dataset.ts';
import { type EpsilonLedger, epsilonLedger, spend, totalOf } from './epsilon-ledger.ts';

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
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const found = await read(s3, bucket, model, datasetId);
    let before = found?.ledger;
    if (!before) {
      const earlier = await Promise.all(parents.map((parent) => read(s3, bucket, model, parent.datasetId)));
      const inherited = earlier.reduce((sum, each) => sum + (each ? totalOf(each.ledger) : 0), 0);
      before = { schema: 'evergreen/epsilon-ledger/v1', model, datasetId, inherited, spent: [] };
    }
    const after = spend(before, entry, budget);
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
