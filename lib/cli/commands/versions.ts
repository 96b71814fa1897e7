import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CardDocuments, readCardDocuments } from '../../registry/card/card-documents.ts';
import { renderCardFiles } from '../../registry/card/card-files.ts';
import { type Described, diffVersions } from '../../registry/card/diff-versions.ts';
import { makeModelCard } from '../../registry/card/make-model-card.ts';
import { cardFileNames, cardPrefix, type ModelCard } from '../../registry/card/model-card.ts';
import type { Live, ModelVersion } from '../../registry/registry.ts';
import { EvergreenError, messageOf } from '../../shared/errors.ts';
import { readBytes, readRequiredBytes } from '../../shared/objects.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { lines, type Outcome } from '../outcome.ts';
import { requireModel } from '../stack-outputs.ts';
import { diffView, versionView } from '../version-view.ts';
import { roleOf } from './models.ts';

interface Found {
  version: ModelVersion;
  live: Live;
}

/** A version by its number, or the champion. */
async function findVersion(
  { outputs, registry }: Connection,
  model: string,
  number: number | undefined,
): Promise<Found> {
  requireModel(outputs, model);
  const live = await registry.readLive(model);
  const wanted = number ?? live.champion?.version;
  if (wanted === undefined) {
    throw new EvergreenError(
      'model-not-served',
      `${model} has no champion yet; name a version, or upload data`,
    );
  }
  return { live, version: await registry.readVersion(model, wanted) };
}

/** Cards are made from the packages, not read: so every version has one, also those of earlier releases. */
function documentsOf({ s3, outputs }: Connection, version: ModelVersion): Promise<CardDocuments> {
  return readCardDocuments(version, (key) => readRequiredBytes(s3, { bucket: outputs.ModelBucket, key }));
}

/** A version is shown although its package is damaged, or of a release whose documents are read no more. */
async function cardOrReason(
  connection: Connection,
  version: ModelVersion,
): Promise<{ card: ModelCard | null; reason: string | null }> {
  try {
    return { card: makeModelCard(version, await documentsOf(connection, version)), reason: null };
  } catch (thrown) {
    const isOfPackage =
      thrown instanceof EvergreenError && ['artifact-missing', 'artifact-damaged'].includes(thrown.code);
    if (!isOfPackage) throw thrown;
    return { card: null, reason: thrown.message };
  }
}

export async function showModel(
  context: Context,
  model: string,
  number: number | undefined,
): Promise<Outcome> {
  const connection = await connect(context);
  const { version, live } = await findVersion(connection, model, number);
  const { card, reason } = await cardOrReason(connection, version);
  const role = roleOf(live, version.version);
  const bucket = connection.outputs.ModelBucket;
  const prefix = cardPrefix(model, version.version);
  const isStored = (await readBytes(connection.s3, { bucket, key: `${prefix}card.json` })) !== undefined;
  const storedCard = isStored ? `s3://${bucket}/${prefix}` : null;
  return {
    data: { ...version, role, storedCard, ...detailsOf(card), unreadable: reason },
    view: versionView(version, { role, card, reason, storedCard }),
  };
}

/** What the package says of a version beyond the registry; all null when it cannot be read. */
function detailsOf(card: ModelCard | null) {
  const { trainingSeconds = null, money = null, ...machines } = card?.cost ?? {};
  const { algorithm, hyperparameters, seed, program, libraries } = card?.training ?? {};
  return {
    trainRows: card?.data.trainRows ?? null,
    heldOutRows: card?.data.heldOutRows ?? null,
    judgedRows: card?.data.judgedRows ?? card?.data.heldOutRows ?? null,
    intervals: card?.evaluation.intervals ?? null,
    training: card && { algorithm, hyperparameters, seed, program, libraries, ...machines },
    continuedFrom: card?.lineage.continuedFrom ?? null,
    quantisation: card?.evaluation.quantisation ?? null,
    trainingSeconds,
    cost: money,
  };
}

async function describe(connection: Connection, model: string, number: number): Promise<Described> {
  const { version } = await findVersion(connection, model, number);
  const documents = await documentsOf(connection, version);
  return { card: makeModelCard(version, documents), definition: documents.deployed.definition };
}

export async function diffModels(context: Context, model: string, a: number, b: number): Promise<Outcome> {
  const connection = await connect(context);
  const [before, after] = await Promise.all([a, b].map((number) => describe(connection, model, number)));
  if (!before || !after) throw new EvergreenError('internal', 'two versions are compared');
  const diff = diffVersions(before, after);
  return { data: diff, view: diffView(diff) };
}

export async function writeCard(
  context: Context,
  model: string,
  number: number | undefined,
  { out }: { out?: string | undefined },
): Promise<Outcome> {
  const connection = await connect(context);
  const { version } = await findVersion(connection, model, number);
  const files = renderCardFiles(version, await documentsOf(connection, version));
  const folder = out ?? `${model}-${version.version}-card`;
  try {
    mkdirSync(folder, { recursive: true });
    for (const name of cardFileNames) writeFileSync(join(folder, name), files[name]);
  } catch (cause) {
    throw new EvergreenError(
      'usage-invalid',
      `the card cannot be written to ${folder}: ${messageOf(cause)}; name a folder with --out`,
      { cause },
    );
  }
  const paths = cardFileNames.map((name) => join(folder, name));
  return {
    data: { model, version: version.version, folder, files: paths },
    view: [
      lines(
        `the card of ${model} version ${version.version} is in ${folder}`,
        `  ${join(folder, 'card.html')}  for people: open it in a browser`,
        `  ${join(folder, 'card.json')}  the same for programs`,
        `  ${join(folder, 'bom.json')}   the same as a CycloneDX bill of materials`,
      ),
    ],
  };
}
