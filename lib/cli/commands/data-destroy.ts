import { z } from 'zod';
import { datasetKey } from '../../data/dataset.ts';
import { listDatasets } from '../../data/versions/datasets.store.ts';
import { destroyVersions, listVersions } from '../../data/versions/objects-below.store.ts';
import { digestOf } from '../../shared/digest.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { writeDocument } from '../../shared/objects.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { fields, lines, type Outcome } from '../outcome.ts';
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

/** Destroys a dataset and the upload it was made of, in every version, and writes the certificate. */
export async function destroyDataset(
  { s3, outputs, registry }: Pick<Connection, 's3' | 'outputs' | 'registry'>,
  model: string,
  id: string,
  by: { who: string; why: string; at: string },
): Promise<DestructionCertificate> {
  const bucket = outputs.DataBucket;
  const datasets = await listDatasets(s3, bucket, model);
  const { source, files } = findDataset(datasets, model, id);
  const live = await registry.readLive(model);
  const inUse = [live.champion, live.candidate].find((side) => side?.datasetId === id);
  if (inUse) {
    throw new EvergreenError(
      'version-not-servable',
      `dataset ${id} is that of version ${inUse.version} of ${model}, which takes traffic; promote another version first`,
    );
  }
  const isShared = datasets.some(
    ({ datasetId, source: other }) =>
      datasetId !== id && other.key === source.key && other.versionId === source.versionId,
  );
  const folder = await listVersions(s3, bucket, datasetKey(model, id, ''));
  const objects = [
    ...(isShared ? [] : [{ key: source.key, versionId: source.versionId }]),
    ...folder.map(({ key, versionId }) => ({ key, versionId })),
  ];
  const certificate = destructionCertificate.parse({
    schema: 'evergreen/destruction/v1',
    model,
    datasetId: id,
    ...by,
    objects,
    digests: Object.fromEntries(
      Object.values(files).flatMap((file) => (file ? [[file.key, file.sha256]] : [])),
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

export async function dataDestroy(
  context: Context,
  model: string,
  id: string,
  { why }: { why: string },
): Promise<Outcome> {
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  const question = `Dataset ${id} and the upload it was made of are destroyed in every version. Go on?`;
  if (!(await context.confirm(question))) {
    return { data: { state: 'declined' }, view: [lines('nothing was changed')] };
  }
  const by = { who: await connection.who(), why, at: context.now().toISOString() };
  const certificate = await destroyDataset(connection, model, id, by);
  return {
    data: certificate,
    view: [
      fields(
        ['destroyed', id],
        ['versions of objects', certificate.objects.length],
        ['certificate', `s3://${connection.outputs.DataBucket}/certificates/${model}/${id}.json`],
        ['its digest', digestOf(certificate)],
      ),
    ],
  };
}
