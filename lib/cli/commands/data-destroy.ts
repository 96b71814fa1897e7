import * as z from 'zod';
import { type DatasetManifest, datasetKey } from '../../data/dataset.ts';
import { listDatasets } from '../../data/versions/datasets.store.ts';
import { destroyVersions, listVersions } from '../../data/versions/objects-below.store.ts';
import {
  findEqualObjects,
  isSameObject,
  type RawObject,
  readRawObjects,
} from '../../data/versions/raw-copies.store.ts';
import { definitionKey, deployedModel } from '../../model/deployed-model.ts';
import { candidatesOf } from '../../registry/candidates.ts';
import { digestOf } from '../../shared/digest.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { readDocument, writeDocument } from '../../shared/objects.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { lines, type Outcome, table } from '../outcome.ts';
import { requireModel } from '../stack-outputs.ts';
import { findDataset } from './data-versions.ts';

/** What says that data is gone: certificates/<model>/<dataset>.json, and its digest in the promotion log. */
export const destructionCertificate = z.object({
  schema: z.literal('evergreen/destruction/v1'),
  model: z.string(),
  datasetId: z.string(),
  who: z.string(),
  why: z.string(),
  at: z.iso.datetime(),
  /** Every version that was destroyed. */
  objects: z.array(z.object({ key: z.string(), versionId: z.string() })),
  /** SHA-256 of the files that the manifest named. */
  digests: z.record(z.string(), z.string()),
});
export type DestructionCertificate = z.infer<typeof destructionCertificate>;

/** Destroys a dataset and every copy of the upload it was made of, and writes the certificate. */
export async function destroyDataset(
  { s3, outputs, registry }: Pick<Connection, 's3' | 'outputs' | 'registry'>,
  model: string,
  id: string,
  by: { who: string; why: string; at: string },
): Promise<DestructionCertificate> {
  const bucket = outputs.DataBucket;
  const datasets = await listDatasets(s3, bucket, model);
  const manifest = findDataset(datasets, model, id);
  const live = await registry.readLive(model);
  const inUse = [live.champion, ...candidatesOf(live)].find((side) => side?.datasetId === id);
  if (inUse) {
    throw new EvergreenError(
      'version-not-servable',
      `dataset ${id} is that of version ${inUse.version} of ${model}, which takes traffic; promote another version first`,
    );
  }
  const others = datasets.filter(({ datasetId }) => datasetId !== id);
  const folder = await listVersions(s3, bucket, datasetKey(model, id, ''));
  const objects = [
    // Before the folder, which says where they are.
    ...(await rawObjectsOfNoOther(s3, bucket, manifest, others)),
    ...folder.map(({ key, versionId }) => ({ key, versionId })),
  ];
  const certificate = destructionCertificate.parse({
    schema: 'evergreen/destruction/v1',
    model,
    datasetId: id,
    ...by,
    objects,
    digests: Object.fromEntries(
      Object.values(manifest.files).flatMap((file) => (file ? [[file.key, file.sha256]] : [])),
    ),
  });
  // The manifest goes last: until then the same command finds the dataset again.
  const isManifest = ({ key }: { key: string }) => key.endsWith('/manifest.json');
  await destroyVersions(
    s3,
    bucket,
    objects.filter((each) => !isManifest(each)),
  );
  await writeDocument(s3, { bucket, key: `certificates/${model}/${id}.json` }, certificate);
  await registry.appendLog({
    model,
    at: by.at,
    revision: live.revision,
    action: 'data-destroyed',
    version: null,
    championBefore: live.champion?.version ?? null,
    championAfter: live.champion?.version ?? null,
    who: by.who,
    why: by.why,
    details: { datasetId: id, certificate: digestOf(certificate), objects: objects.length },
  });
  await destroyVersions(s3, bucket, objects.filter(isManifest));
  return certificate;
}

/** What holds the rows of a dataset as they came, but for what another dataset was made of. */
async function rawObjectsOfNoOther(
  s3: Connection['s3'],
  bucket: string,
  manifest: DatasetManifest,
  others: readonly DatasetManifest[],
): Promise<RawObject[]> {
  const known = await readRawObjects(s3, bucket, manifest);
  const equal = await findEqualObjects(s3, bucket, manifest.model, manifest.source);
  const inUse: RawObject[] = [];
  for (const other of others) inUse.push(...(await readRawObjects(s3, bucket, other)));
  return [...known, ...equal.filter((each) => !known.some(isSameObject(each)))].filter(
    (each) => !inUse.some(isSameObject(each)),
  );
}

/** Datasets older than their definition has them kept, without those that take traffic; newest first. */
export async function expiredDatasets(
  { s3, outputs, registry }: Pick<Connection, 's3' | 'outputs' | 'registry'>,
  model: string,
  now: Date,
): Promise<string[]> {
  const bucket = outputs.DataBucket;
  const live = await registry.readLive(model);
  const inUse = new Set([live.champion, ...candidatesOf(live), live.previous].map((side) => side?.datasetId));
  const expired: string[] = [];
  for (const { datasetId, definitionDigest, createdAt } of await listDatasets(s3, bucket, model)) {
    const key = definitionKey(model, definitionDigest);
    const { definition } = await readDocument(s3, { bucket, key }, deployedModel);
    const days = definition.data.retention?.destroyDatasetsAfterDays;
    if (days === undefined || inUse.has(datasetId)) continue;
    if (now.getTime() - Date.parse(createdAt) > days * 86_400_000) expired.push(datasetId);
  }
  return expired;
}

export interface DataDestroyOptions {
  why?: string | undefined;
  expired?: boolean | undefined;
}

/** One dataset, or all that are kept longer than their definition says. */
export async function dataDestroy(
  context: Context,
  model: string,
  id: string | undefined,
  { why, expired = false }: DataDestroyOptions,
): Promise<Outcome> {
  if ((id === undefined) !== expired || (id !== undefined && why === undefined)) {
    throw new EvergreenError('usage-invalid', 'name a dataset and --why, or pass --expired');
  }
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  const ids = id === undefined ? await expiredDatasets(connection, model, context.now()) : [id];
  if (ids.length === 0) return { data: [], view: [lines(`no dataset of ${model} is kept too long`)] };
  const question = `${ids.join(', ')}: destroy with the uploads they were made of, in every version?`;
  if (!(await context.confirm(question))) {
    return { data: { state: 'declined' }, view: [lines('nothing was changed')] };
  }
  const who = await connection.who();
  const certificates: DestructionCertificate[] = [];
  for (const each of ids) {
    context.progress({ kind: 'step', text: `destroying ${each}` });
    const by = { who, why: why ?? 'kept as long as its definition says', at: context.now().toISOString() };
    certificates.push(await destroyDataset(connection, model, each, by));
  }
  return {
    data: certificates,
    view: [
      table(
        ['destroyed', 'versions of objects', 'certificate', 'its digest'],
        certificates.map((each) => [
          each.datasetId,
          each.objects.length,
          `s3://${connection.outputs.DataBucket}/certificates/${model}/${each.datasetId}.json`,
          digestOf(each),
        ]),
      ),
    ],
  };
}
