import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { EvergreenError } from '../../shared/errors.ts';
import { type EpsilonLedger, epsilonLedger, mergeLedgers, ownOf, spend, totalOf } from './epsilon-ledger.ts';

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

/** What was spent of other datasets, in thousandths. */
async function spentOf(s3: S3Client, bucket: string, model: string, ids: Iterable<string>): Promise<number> {
  const ledgers = await Promise.all([...ids].map((id) => readLedger(s3, bucket, model, id)));
  return ledgers.reduce((sum, ledger) => sum + (ledger ? ownOf(ledger) : 0), 0);
}

/**
 * The ledger of a dataset with what was spent of others that hold its rows; undefined when nothing was spent of any.
 *
 * @param others Ids of those.
 */
export async function readWholeLedger(
  s3: S3Client,
  bucket: string,
  { model, datasetId }: Pick<EpsilonLedger, 'model' | 'datasetId'>,
  others: Iterable<string>,
): Promise<EpsilonLedger | undefined> {
  const own = (await readLedger(s3, bucket, model, datasetId)) ?? emptyLedger(model, datasetId);
  const whole = { ...own, inherited: Math.max(own.inherited, await spentOf(s3, bucket, model, others)) };
  return totalOf(whole) === 0 ? undefined : whole;
}

const emptyLedger = (model: string, datasetId: string): EpsilonLedger => ({
  schema: 'evergreen/epsilon-ledger/v1',
  model,
  datasetId,
  inherited: 0,
  spent: [],
});

/**
 * Enters epsilon as spent, before anything is published: of two at a time the second reads what the first wrote. Datasets
 * that hold rows of one another have one budget. Two that are published at the same moment each see the entry of the
 * other afterwards: then what is too much stays entered, and is not published.
 *
 * @param others Ids of the datasets that hold rows of this one.
 * @throws EvergreenError `privacy-budget-spent`; `service-unavailable` when others keep writing.
 */
export async function spendEpsilon(
  s3: S3Client,
  bucket: string,
  { model, datasetId }: Pick<EpsilonLedger, 'model' | 'datasetId'>,
  others: ReadonlySet<string>,
  entry: EpsilonLedger['spent'][number],
  budget: number,
): Promise<EpsilonLedger> {
  const elsewhere = await spentOf(s3, bucket, model, others);
  const after = await change(s3, bucket, { model, datasetId }, async (found) => {
    const before = found ?? emptyLedger(model, datasetId);
    return spend({ ...before, inherited: Math.max(before.inherited, elsewhere) }, entry, budget);
  });
  const meanwhile = (await spentOf(s3, bucket, model, others)) - elsewhere;
  if (totalOf(after) + meanwhile > budget) {
    throw new EvergreenError(
      'privacy-budget-spent',
      `${meanwhile / 1000} was spent at the same moment of a dataset that holds rows of ${datasetId}; nothing was published, and the ${entry.thousandths / 1000} stays entered`,
    );
  }
  return after;
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
