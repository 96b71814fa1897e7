import type { Row } from '../data/dataset.ts';
import type { HeldOut } from '../data/held-out.ts';
import { openPackage, type ReadObject, type SealedPackage, type Trust } from '../inference/package.ts';
import { type ModelSession, openSession, type SessionRequest } from '../inference/session.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { DeployedModel } from '../model/deployed-model.ts';
import type { RegistryStore } from '../registry/registry.store.ts';
import type { Lineage, LiveVersion } from '../registry/registry.ts';
import { canonicalJson, sha256 } from '../shared/digest.ts';
import type { EvergreenError } from '../shared/errors.ts';
import { evaluateServed } from './evaluate-served.ts';
import { evaluateVersions, type Subject } from './evaluate-versions.ts';
import { type CandidateOutcome, sampleText } from './evaluation.ts';
import { examineModel, isOf, refusals, type TryModel } from './examine-model.ts';
import { type JobOutput, readJobOutput, requireSameGoldenRows } from './job-output.ts';
import { continuedPackage, datasetsBehind, keepsSides } from './trained-on.ts';

export interface CandidateRequest {
  runId: string;
  model: string;
  definitionDigest: string;
  datasetId: string;
  manifestKey: string;
  trainingJobName: string;
  codeDigest: string;
}

export interface EvaluationParts {
  registry: Pick<RegistryStore, 'readLive'>;
  readDeployed(): Promise<DeployedModel>;
  /** The job's model.tar.gz. */
  readArchive(): Promise<Uint8Array>;
  /** What the searches that led to the candidate tried; null when none did. */
  readTuningReport(): Promise<Uint8Array | null>;
  readHeldOut(definition: ModelDefinition): Promise<HeldOut>;
  /** Indexes of the rows of `readHeldOut` that are among the train rows of none of the datasets. */
  readUnseen(definition: ModelDefinition, trainedOn: readonly string[]): Promise<number[]>;
  readPackageFile: ReadObject;
  trust: Trust;
  tryModel: TryModel;
  writePackage(
    files: Readonly<Record<string, Uint8Array>>,
    about: { model: string; lineage: Lineage },
  ): Promise<Omit<SealedPackage, 'manifest'>>;
}

const damages = [
  ...refusals,
  'artifact-missing',
  'artifact-damaged',
  'signature-missing',
  'signature-untrusted',
];

const encoder = new TextEncoder();

type Champion = (Subject & { version: number; session: ModelSession }) | { version: number; reason: string };

async function openChampion(
  champion: LiveVersion,
  { readPackageFile, trust }: EvaluationParts,
): Promise<Champion> {
  const { version, modelDigest } = champion;
  try {
    const { definition, session } = await openPackage(champion, readPackageFile, trust);
    return { version, modelDigest, definition, session, predict: (rows) => session.predict(rows) };
  } catch (thrown) {
    if (isOf(thrown, damages)) return { version, reason: thrown.message };
    throw thrown;
  }
}

/** Indexes of the judged rows that neither version was trained on, or why that cannot be known. */
async function findUnseen(
  parts: EvaluationParts,
  { model, manifestKey }: CandidateRequest,
  { output, candidate, rows }: Pick<Contest, 'output' | 'candidate' | 'rows'>,
  champion: { package: LiveVersion; definition: ModelDefinition },
): Promise<number[] | { reason: string }> {
  const { definition } = candidate;
  const start = continuedPackage(model, output.training);
  try {
    const [ofChampion, ofCandidate] = await Promise.all([
      datasetsBehind(champion.package, parts.readPackageFile),
      datasetsBehind(start, parts.readPackageFile),
    ]);
    const isAnew = ofChampion.length === 1 && ofCandidate.length === 0;
    if (isAnew && keepsSides(definition, champion.definition)) return rows.map((_, place) => place);
    const trainedOn = new Set([manifestKey, ...ofChampion, ...ofCandidate]);
    return await parts.readUnseen(definition, [...trainedOn]);
  } catch (thrown) {
    if (isOf(thrown, ['artifact-missing', 'artifact-damaged'])) {
      return { reason: `what it was trained on is not known: ${thrown.message}` };
    }
    throw thrown;
  }
}

interface Contest {
  deployed: DeployedModel;
  output: JobOutput;
  candidate: SessionRequest;
  rows: Row[];
  heldOut: number;
  champion: Champion | null;
  championPackage: LiveVersion | null;
}

async function holdContest(
  parts: EvaluationParts,
  request: CandidateRequest,
  contest: Contest,
): Promise<CandidateOutcome> {
  const { deployed, output, candidate, rows, heldOut, champion, championPackage } = contest;
  const { runId, model, datasetId, manifestKey, definitionDigest, codeDigest, trainingJobName } = request;
  const session = await openSession(candidate);
  try {
    const full = { request: candidate, session };
    const { isQuantised, evaluation } = await evaluateServed(parts.tryModel, full, output, rows, (file) =>
      evaluateVersions({
        datasetId,
        definitionDigest,
        rows,
        heldOut,
        candidate: {
          version: null,
          modelDigest: file.request.modelDigest,
          definition: file.request.definition,
          predict: (some) => file.session.predict(some),
        },
        champion,
        findUnseen: async ({ definition: ofChampion }) =>
          championPackage
            ? findUnseen(parts, request, contest, { package: championPackage, definition: ofChampion })
            : [],
      }),
    );
    const championVersion = champion?.version ?? null;
    const tuning = await parts.readTuningReport();
    const { int8 } = output;
    const files = {
      ...output.files,
      // What is served has one name, whatever its weights are: nobody who opens a package has to choose.
      ...(isQuantised && int8 ? { 'model.onnx': int8.model, 'golden.json': int8.goldenFile } : {}),
      // Not canonical: the order of the features is the order of the tensors' columns.
      'definition.json': encoder.encode(JSON.stringify(deployed)),
      'evaluation.json': encoder.encode(canonicalJson(evaluation)),
      ...(tuning === null ? {} : { 'tuning.json': tuning }),
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
    const sealed = await parts.writePackage(files, { model, lineage });
    const measured = Object.entries(evaluation.candidate.metrics).flatMap(([name, value]) =>
      value === null ? [] : [[name, value] as const],
    );
    const { gate, quantisation } = evaluation;
    return {
      verdict: gate.verdict,
      reasons: [
        ...gate.reasons,
        ...(quantisation ? [quantisation.reason] : []),
        ...(rows.length < heldOut ? [`judged by ${sampleText(rows.length, heldOut)}`] : []),
      ],
      ...sealed,
      modelDigest: evaluation.candidate.modelDigest,
      metrics: Object.fromEntries(measured),
      championVersion,
    };
  } finally {
    await session.release();
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
  parts: EvaluationParts,
  request: CandidateRequest,
): Promise<CandidateOutcome> {
  const [deployed, archive, live] = await Promise.all([
    parts.readDeployed(),
    parts.readArchive(),
    parts.registry.readLive(request.model),
  ]);
  const { definition } = deployed;
  const output = readJobOutput(archive);
  const file = output.files['model.onnx'];
  const candidate = { model: file, modelDigest: sha256(file), definition, golden: output.golden };
  // While the model is tried in a process of its own, this one reads the rows and loads the champion.
  const [{ rows, heldOut, golden }, refusal, champion] = await Promise.all([
    parts.readHeldOut(definition),
    examineModel(parts.tryModel, candidate),
    live.champion ? openChampion(live.champion, parts) : null,
  ]);
  try {
    requireSameGoldenRows(output.golden, golden, definition);
    if (output.int8) requireSameGoldenRows(output.int8.golden, golden, definition, 'golden.int8.json');
    if (refusal) return refusedOutcome(candidate, refusal);
    const contest = { deployed, output, candidate, rows, heldOut, champion, championPackage: live.champion };
    return await holdContest(parts, request, contest);
  } catch (thrown) {
    if (isOf(thrown, refusals)) return refusedOutcome(candidate, thrown);
    throw thrown;
  } finally {
    if (champion && 'session' in champion) await champion.session.release();
  }
}
