import type { S3Client } from '@aws-sdk/client-s3';
import { datasetManifest, goldenRows, type Row } from '../../lib/data/dataset.ts';
import { readRows } from '../../lib/data/parquet-rows.duckdb.ts';
import { evaluateVersions, type Subject } from '../../lib/evaluation/evaluate-versions.ts';
import type { CandidateOutcome } from '../../lib/evaluation/evaluation.ts';
import { type JobOutput, readJobOutput, requireSameGoldenRows } from '../../lib/evaluation/job-output.ts';
import { admitModel } from '../../lib/inference/admission.ts';
import { openPackage, type ReadObject, sealPackage } from '../../lib/inference/package.ts';
import {
  type ModelSession,
  openSession,
  requireDigest,
  type SessionRequest,
} from '../../lib/inference/session.ts';
import { tryModel } from '../../lib/inference/trial.ts';
import type { ModelDefinition } from '../../lib/model/definition.ts';
import { type DeployedModel, definitionKey, deployedModel } from '../../lib/model/deployed-model.ts';
import type { RegistryStore } from '../../lib/registry/registry.store.ts';
import type { Lineage, Live, LiveVersion } from '../../lib/registry/registry.ts';
import { canonicalJson, sha256 } from '../../lib/shared/digest.ts';
import { EvergreenError } from '../../lib/shared/errors.ts';
import { readDocument, readRequiredBytes, writeObject } from '../../lib/shared/objects.ts';

export interface EvaluationSite {
  s3: S3Client;
  dataBucket: string;
  modelBucket: string;
  registry: Pick<RegistryStore, 'readLive'>;
  /** The file that tries a model in a process of its own. */
  trialWorker: string;
}

export interface CandidateRequest {
  runId: string;
  model: string;
  definitionDigest: string;
  datasetId: string;
  manifestKey: string;
  trainingJobName: string;
  /** s3://<model bucket>/jobs/<job>/output/model.tar.gz */
  modelArtifact: string;
  codeDigest: string;
}

/** Findings that speak against the model, not against the run. */
const refusals = ['model-inadmissible', 'golden-mismatch', 'model-failed'];
const damages = [...refusals, 'artifact-missing', 'artifact-damaged'];

const encoder = new TextEncoder();

function isOf(thrown: unknown, codes: readonly string[]): thrown is EvergreenError {
  return thrown instanceof EvergreenError && codes.includes(thrown.code);
}

function artifactKey(uri: string, bucket: string): string {
  const prefix = `s3://${bucket}/`;
  if (uri.startsWith(`${prefix}jobs/`)) return uri.slice(prefix.length);
  throw new EvergreenError('request-invalid', `${uri} is no job's output; it must lie below ${prefix}jobs/`);
}

interface Dataset {
  rows: Row[];
  golden: Row[];
}

async function readDataset(
  site: EvaluationSite,
  manifestKey: string,
  definition: ModelDefinition,
): Promise<Dataset> {
  const { s3, dataBucket: bucket } = site;
  const { files } = await readDocument(s3, { bucket, key: manifestKey }, datasetManifest);
  const checked = async ({ key, sha256: digest }: { key: string; sha256: string }) => {
    const bytes = await readRequiredBytes(s3, { bucket, key });
    requireDigest(bytes, digest, key);
    return bytes;
  };
  const [test, golden] = await Promise.all([checked(files.test), checked(files.golden)]);
  const document = goldenRows.parse(JSON.parse(new TextDecoder().decode(golden)));
  return { rows: await readRows(test, definition), golden: document.rows };
}

type Champion = (Subject & { version: number; session: ModelSession }) | { version: number; reason: string };

async function openChampion(champion: LiveVersion, read: ReadObject): Promise<Champion> {
  const { version, modelDigest } = champion;
  try {
    const { definition, session } = await openPackage(champion, read);
    return { version, modelDigest, definition, session, predict: (rows) => session.predict(rows) };
  } catch (thrown) {
    if (isOf(thrown, damages)) return { version, reason: thrown.message };
    throw thrown;
  }
}

async function writePackage(
  site: EvaluationSite,
  files: Readonly<Record<string, Uint8Array>>,
  lineage: Lineage,
  model: string,
): Promise<{ packagePrefix: string; packageDigest: string }> {
  const { packagePrefix, packageDigest, manifest } = sealPackage(model, files, lineage);
  const write = (name: string, bytes: Uint8Array) => {
    const type = name.endsWith('.json') ? 'application/json' : 'application/octet-stream';
    return writeObject(site.s3, { bucket: site.modelBucket, key: packagePrefix + name }, bytes, type);
  };
  await Promise.all(Object.entries(files).map(([name, bytes]) => write(name, bytes)));
  // Last: without it there is no package, whatever else lies there.
  await write('manifest.json', manifest);
  return { packagePrefix, packageDigest };
}

interface Contest {
  deployed: DeployedModel;
  output: JobOutput;
  candidate: SessionRequest;
  rows: Row[];
  live: Live;
  champion: Champion | null;
}

async function holdContest(
  site: EvaluationSite,
  request: CandidateRequest,
  { deployed, output, candidate, rows, live, champion }: Contest,
): Promise<CandidateOutcome> {
  const { modelDigest, definition } = candidate;
  const { runId, datasetId, manifestKey, definitionDigest, codeDigest, trainingJobName } = request;
  const session = await openSession(candidate);
  try {
    const evaluation = await evaluateVersions({
      datasetId,
      definitionDigest,
      rows,
      candidate: { version: null, modelDigest, definition, predict: (some) => session.predict(some) },
      champion,
    });
    const championVersion = live.champion?.version ?? null;
    const files = {
      ...output.files,
      // Not canonical: the order of the features is the order of the tensors' columns.
      'definition.json': encoder.encode(JSON.stringify(deployed)),
      'evaluation.json': encoder.encode(canonicalJson(evaluation)),
    };
    const lineage: Lineage = {
      runId,
      datasetId,
      datasetManifestKey: manifestKey,
      definitionDigest,
      codeDigest,
      trainingJobName,
      parentVersion: championVersion,
    };
    const sealed = await writePackage(site, files, lineage, request.model);
    const measured = Object.entries(evaluation.candidate.metrics).flatMap(([name, value]) =>
      value === null ? [] : [[name, value] as const],
    );
    return {
      verdict: evaluation.gate.verdict,
      reasons: evaluation.gate.reasons,
      ...sealed,
      modelDigest,
      metrics: Object.fromEntries(measured),
      championVersion,
      evaluationKey: `${sealed.packagePrefix}evaluation.json`,
    };
  } finally {
    await session.release();
  }
}

/** Admits and tries the model; a refusal is a value, everything else that goes wrong is thrown. */
async function examineModel(
  candidate: SessionRequest,
  trialWorker: string,
): Promise<EvergreenError | undefined> {
  try {
    admitModel(candidate.model, candidate.definition);
    await tryModel(candidate, trialWorker);
    return undefined;
  } catch (thrown) {
    if (isOf(thrown, refusals)) return thrown;
    throw thrown;
  }
}

function refusedOutcome(candidate: SessionRequest, refusal: EvergreenError): CandidateOutcome {
  return {
    verdict: 'fail',
    reasons: [`${refusal.code}: ${refusal.message}`],
    packagePrefix: null,
    packageDigest: null,
    modelDigest: candidate.modelDigest,
    metrics: {},
    championVersion: null,
    evaluationKey: null,
  };
}

/**
 * Judges what a training job left, in the session that will serve it, and keeps it as a package.
 *
 * A model that is not admitted, or cannot answer, is an outcome with its reason. The same inputs and the same champion
 * give the same package.
 *
 * @throws EvergreenError `training-output-invalid`, `artifact-missing` or `artifact-damaged` when there is nothing to judge.
 */
export async function evaluateCandidate(
  site: EvaluationSite,
  request: CandidateRequest,
): Promise<CandidateOutcome> {
  const { s3, dataBucket, modelBucket, registry } = site;
  const read: ReadObject = (key) => readRequiredBytes(s3, { bucket: modelBucket, key });
  const { model, definitionDigest, manifestKey } = request;
  const [deployed, archive, live] = await Promise.all([
    readDocument(s3, { bucket: dataBucket, key: definitionKey(model, definitionDigest) }, deployedModel),
    read(artifactKey(request.modelArtifact, modelBucket)),
    registry.readLive(model),
  ]);
  const { definition } = deployed;
  const output = readJobOutput(archive);
  const file = output.files['model.onnx'];
  const candidate = { model: file, modelDigest: sha256(file), definition, golden: output.golden };
  // While the model is tried in a process of its own, this one reads the rows and loads the champion.
  const [{ rows, golden }, refusal, champion] = await Promise.all([
    readDataset(site, manifestKey, definition),
    examineModel(candidate, site.trialWorker),
    live.champion ? openChampion(live.champion, read) : null,
  ]);
  try {
    requireSameGoldenRows(output.golden, golden, definition);
    if (refusal) return refusedOutcome(candidate, refusal);
    return await holdContest(site, request, { deployed, output, candidate, rows, live, champion });
  } catch (thrown) {
    if (isOf(thrown, refusals)) return refusedOutcome(candidate, thrown);
    throw thrown;
  } finally {
    if (champion && 'session' in champion) await champion.session.release();
  }
}
