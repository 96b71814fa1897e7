import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { readDatasetFile } from '../../data/dataset.store.ts';
import { datasetKey } from '../../data/dataset.ts';
import { spendEpsilon } from '../../data/privacy/epsilon-ledger.store.ts';
import { totalOf } from '../../data/privacy/epsilon-ledger.ts';
import { countGroups } from '../../data/privacy/group-counts.duckdb.ts';
import { fixedGroups, type PrivateProfile, withNoise } from '../../data/privacy/private-profile.ts';
import { datasetsOfSameRows } from '../../data/privacy/shared-rows.ts';
import { listDatasets } from '../../data/versions/datasets.store.ts';
import { listKeys } from '../../data/versions/objects-below.store.ts';
import { definitionKey, deployedModel } from '../../model/deployed-model.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { readDocument } from '../../shared/objects.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { fields, lines, type Outcome, table } from '../outcome.ts';
import { requireModel } from '../stack-outputs.ts';
import { findDataset, withRetrainParents } from './data-versions.ts';

export interface DataPublishOptions {
  epsilon: number;
  out?: string | undefined;
}

const unforeseen = () => randomBytes(4).readUInt32LE();

/** Publishes counts of a dataset with noise, and enters what that cost before it draws any. */
export async function publishProfile(
  { s3, outputs }: Pick<Connection, 's3' | 'outputs'>,
  model: string,
  id: string | undefined,
  { epsilon, who, at }: { epsilon: number; who: string; at: string },
): Promise<{ profile: PrivateProfile; spent: number; budget: number }> {
  const bucket = outputs.DataBucket;
  const datasets = await listDatasets(s3, bucket, model);
  const manifest = findDataset(datasets, model, id);
  const { datasetId, definitionDigest } = manifest;
  const { definition } = await readDocument(
    s3,
    { bucket, key: definitionKey(model, definitionDigest) },
    deployedModel,
  );
  const { columns, leftOut } = fixedGroups(definition);
  const thousandths = Math.round(epsilon * 1000);
  if (columns.length === 0 || thousandths < columns.length) {
    throw new EvergreenError(
      'usage-invalid',
      `${columns.length} columns can be published and each needs an epsilon of 0.001 at least; ${epsilon} is too little`,
    );
  }
  const budget = Math.round((definition.privacy.publish?.budget ?? 1) * 1000);
  const key = datasetKey(model, datasetId, 'manifest.json');
  const counts = await countGroups(await readDatasetFile(s3, { bucket, key }, 'train'), columns, '1GB');
  const others =
    definition.privacy.publish?.of === 'model'
      ? await datasetsWithLedgers(s3, bucket, model, datasetId)
      : datasetsOfSameRows(await withRetrainParents({ s3, outputs }, datasets), datasetId);
  const ledger = await spendEpsilon(
    s3,
    bucket,
    manifest,
    others,
    { at, who, thousandths, what: 'profile' },
    budget,
  );
  return {
    profile: {
      schema: 'evergreen/private-profile/v1',
      model,
      datasetId,
      epsilon: thousandths / 1000,
      unit: 'row',
      columns: withNoise(columns, counts, thousandths, unforeseen),
      leftOut,
    },
    spent: totalOf(ledger) / 1000,
    budget: budget / 1000,
  };
}

/** Every other dataset of the model of which something was ever published, those that are gone by now too. */
async function datasetsWithLedgers(
  s3: Connection['s3'],
  bucket: string,
  model: string,
  datasetId: string,
): Promise<Set<string>> {
  const keys = await listKeys(s3, bucket, `ledgers/${model}/`);
  const ids = keys.map((key) => key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, ''));
  return new Set(ids.filter((id) => id !== datasetId));
}

export async function dataPublish(
  context: Context,
  model: string,
  id: string | undefined,
  { epsilon, out }: DataPublishOptions,
): Promise<Outcome> {
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  const by = { epsilon, who: await connection.who(), at: context.now().toISOString() };
  const { profile, spent, budget } = await publishProfile(connection, model, id, by);
  if (out !== undefined) writeFileSync(out, `${JSON.stringify(profile, null, 2)}\n`);
  return {
    data: { ...profile, spent, budget },
    view: [
      fields(
        ['dataset', profile.datasetId],
        ['epsilon', profile.epsilon],
        ['spent', `${spent} of ${budget}`],
      ),
      table(
        ['column', 'group', 'rows, with noise'],
        profile.columns.flatMap(({ column, groups }) =>
          groups.map(({ group, count }) => [column, group, count]),
        ),
      ),
      ...(profile.leftOut.length === 0
        ? []
        : [lines(...profile.leftOut.map(({ column, because }) => `left out: ${column}: ${because}`))]),
      ...(out === undefined ? [] : [lines(`written to ${out}`)]),
    ],
  };
}
