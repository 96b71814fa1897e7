import { readProfile } from '../../data/dataset.store.ts';
import type { DatasetManifest } from '../../data/dataset.ts';
import { traceLineage } from '../../data/versions/dataset-lineage.ts';
import { listDatasets } from '../../data/versions/datasets.store.ts';
import { diffDatasets } from '../../data/versions/diff-datasets.ts';
import { readRawObjects } from '../../data/versions/raw-copies.store.ts';
import { recordKeyOf, retrainRecord } from '../../remediation/retrain-rows.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { readBytes, readDocument } from '../../shared/objects.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { fields, lines, type Outcome, table } from '../outcome.ts';
import { requireModel } from '../stack-outputs.ts';

type Source = Pick<Connection, 's3' | 'outputs'>;

/** All datasets of a model, newest first, and what each is used for. */
export async function listData(context: Context, model: string): Promise<Outcome> {
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  const { s3, outputs, registry } = connection;
  const [datasets, versions, live] = await Promise.all([
    listDatasets(s3, outputs.DataBucket, model),
    registry.listVersions(model),
    registry.readLive(model),
  ]);
  const listed = datasets.map(({ datasetId, createdAt, rows, source, parents = [] }) => ({
    datasetId,
    createdAt,
    rows,
    source,
    parents: parents.map((parent) => parent.datasetId),
    versions: versions.filter(({ lineage }) => lineage.datasetId === datasetId).map(({ version }) => version),
    isOfChampion: live.champion?.datasetId === datasetId,
  }));
  return {
    data: listed,
    view: [
      table(
        ['dataset', 'made', 'train', 'test', 'from', 'versions', ''],
        listed.map((each) => [
          each.datasetId,
          each.createdAt,
          each.rows.train,
          each.rows.test,
          each.source.key,
          each.versions.join(', ') || null,
          each.isOfChampion ? 'champion' : null,
        ]),
        `no dataset yet: npx evergreen upload ${model} <file>`,
      ),
      ...(listed[0] ? [lines(`one of them: npx evergreen data show ${model} ${listed[0].datasetId}`)] : []),
    ],
  };
}

/** One dataset by its id, or the newest. @throws EvergreenError `dataset-unknown`. */
export function findDataset(
  datasets: readonly DatasetManifest[],
  model: string,
  id: string | undefined,
): DatasetManifest {
  const found = id === undefined ? datasets[0] : datasets.find(({ datasetId }) => datasetId === id);
  if (found) return found;
  throw new EvergreenError(
    'dataset-unknown',
    id === undefined
      ? `${model} has no dataset yet; upload a file`
      : `${model} has no dataset ${id}; \`evergreen data list ${model}\` names them`,
  );
}

async function open(context: Context, model: string) {
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  return { connection, datasets: await listDatasets(connection.s3, connection.outputs.DataBucket, model) };
}

export async function showData(context: Context, model: string, id: string | undefined): Promise<Outcome> {
  const { connection, datasets } = await open(context, model);
  const manifest = findDataset(datasets, model, id);
  const { rows, source, files, parents = [] } = manifest;
  const raw = await readRawObjects(connection.s3, connection.outputs.DataBucket, manifest);
  const reportUrl = `s3://${connection.outputs.DataBucket}/${files.report.key.replace(/json$/, 'html')}`;
  return {
    data: { ...manifest, raw, reportUrl },
    view: [
      fields(
        ['dataset', manifest.datasetId],
        ['made', manifest.createdAt],
        ['from', `${source.key} version ${source.versionId}`],
        ['sha256 of it', source.sha256],
        ['definition', manifest.definitionDigest],
        ['code', manifest.codeDigest ?? null],
        ['parents', parents.map(({ datasetId, because }) => `${datasetId} (${because})`).join(', ') || null],
        ['rows read', rows.read],
        ['accepted', rows.accepted],
        ['kept out', rows.quarantined],
        ['objects with its rows as they came', raw.length],
        ['report', reportUrl],
      ),
      table(
        ['file', 'bytes', 'sha256'],
        Object.values(files).flatMap((file) => (file ? [[file.key, file.bytes, file.sha256]] : [])),
      ),
    ],
  };
}

export async function diffData(context: Context, model: string, a: string, b: string): Promise<Outcome> {
  const { connection, datasets } = await open(context, model);
  const describe = async (id: string) => {
    const manifest = findDataset(datasets, model, id);
    const place = { bucket: connection.outputs.DataBucket, model, datasetId: id };
    return { manifest, profile: await readProfile(connection.s3, place) };
  };
  const differences = diffDatasets(await describe(a), await describe(b));
  return {
    data: { before: a, after: b, differences },
    view: [
      table(
        ['what', a, b],
        differences.map(({ what, before, after }) => [what, before, after]),
        'they do not differ',
      ),
    ],
  };
}

/** Rows of a retrain come from the champion's dataset of then: the record beside them says which. */
export async function withRetrainParents(
  { s3, outputs }: Source,
  manifests: readonly DatasetManifest[],
): Promise<DatasetManifest[]> {
  const bucket = outputs.DataBucket;
  return Promise.all(
    manifests.map(async (manifest) => {
      const key = recordKeyOf(manifest.source.key);
      if (key === undefined || !(await readBytes(s3, { bucket, key }))) return manifest;
      const { base } = await readDocument(s3, { bucket, key }, retrainRecord);
      const parent = { datasetId: base.datasetId, because: 'retrain' as const };
      return { ...manifest, parents: [...(manifest.parents ?? []), parent] };
    }),
  );
}

export async function showLineage(context: Context, model: string, id: string | undefined): Promise<Outcome> {
  const { connection, datasets } = await open(context, model);
  const { datasetId } = findDataset(datasets, model, id);
  const entries = traceLineage(
    datasetId,
    await withRetrainParents(connection, datasets),
    await connection.registry.listVersions(model),
  );
  return {
    data: entries,
    view: [
      table(
        ['dataset', 'made', 'from', 'parents', 'versions trained on it'],
        entries.map((each) => [
          each.datasetId,
          each.createdAt,
          each.source,
          each.parents.join(', ') || null,
          each.versions.join(', ') || null,
        ]),
      ),
    ],
  };
}
