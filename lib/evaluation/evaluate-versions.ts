import type { Row } from '../data/dataset.ts';
import type { Prediction } from '../inference/prediction-record.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { disguiseOf } from '../model/disguise.ts';
import { signatureOf } from '../model/signature.ts';
import { digestOf } from '../shared/digest.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { compareVersions } from './comparison.ts';
import type { Comparison, EvaluationDocument, VersionEvaluation } from './evaluation.ts';
import { judgeGate, type Opponent } from './gate.ts';
import { evaluateGroups } from './groups.ts';
import { figuresOf } from './measure.ts';
import { evaluateRobustness } from './robustness.ts';
import { pickRows, type Sample, toSample } from './sample.ts';
import { evaluateSlices } from './slices.ts';
import { evaluateSample, mostAnswersKept } from './version-evaluation.ts';

/** A version that is to be evaluated; `predict` answers rows in their order. */
export interface Subject {
  version: number | null;
  modelDigest: string;
  definition: ModelDefinition;
  predict: (rows: readonly Row[]) => Promise<Prediction[]>;
}

export interface EvaluationRequest {
  datasetId: string;
  definitionDigest: string;
  /** Held-out rows that versions are judged by, with the target. */
  rows: readonly Row[];
  /** How many rows the dataset holds out. */
  heldOut: number;
  candidate: Subject;
  /** The champion, or why it cannot be loaded; null when there is none. */
  champion: Subject | { version: number; reason: string } | null;
  /**
   * Places of the rows that neither candidate nor champion was trained on, or why nobody knows; asked for only when they
   * are compared.
   */
  findUnseen: (champion: Subject) => Promise<number[] | { reason: string }>;
}

const rowsAtOnce = 1000;

/** Lets a version answer rows. */
export async function answer(subject: Pick<Subject, 'predict'>, rows: readonly Row[]): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    predictions.push(...(await subject.predict(rows.slice(start, start + rowsAtOnce))));
  }
  return predictions;
}

/** Versions are compared only when both take what the rows have and answer the same question. */
function answersAlike(champion: ModelDefinition, candidate: ModelDefinition): boolean {
  const shape = (definition: ModelDefinition) => ({
    // The order of columns is each version's own affair.
    inputs: signatureOf(definition).inputs.map(({ name, features }) => [name, features.toSorted()]),
    // What another key hashed is unknown to a version.
    disguises: Object.keys(definition.features)
      .toSorted()
      .map((name) => disguiseOf(definition, name) ?? null),
    target: { name: definition.target.name, type: definition.target.type },
    classes: definition.target.type === 'category' ? definition.target.categories.toSorted() : [],
  });
  return digestOf(shape(champion)) === digestOf(shape(candidate));
}

interface Faced {
  opponent: Opponent;
  /** Of the champion; null when it gave no answers. */
  sample: Sample | null;
  evaluation: VersionEvaluation | null;
  comparison: Comparison | null;
  unseen: number[];
}

async function faceChampion(request: EvaluationRequest, sample: Sample): Promise<Faced> {
  const { champion, candidate, rows } = request;
  const { gate, train } = candidate.definition;
  const nothing = { sample: null, evaluation: null, comparison: null, unseen: [] };
  const alone = (opponent: Opponent): Faced => ({ opponent, ...nothing });
  if (!champion) return alone({ kind: 'none' });
  const version = champion.version ?? 0;
  if ('reason' in champion) return alone({ kind: 'unloadable', version, reason: champion.reason });
  if (!answersAlike(champion.definition, candidate.definition)) {
    return alone({ kind: 'other-definition', version });
  }
  let predictions: Prediction[];
  try {
    predictions = await answer(champion, rows);
  } catch (thrown) {
    if (thrown instanceof EvergreenError && thrown.code === 'model-failed') {
      return alone({ kind: 'failed', version, reason: messageOf(thrown) });
    }
    throw thrown;
  }
  // Both are seen with the candidate's classes, in one order.
  const theirs = toSample(rows, predictions, candidate.definition);
  const evaluation = evaluateSample(champion, theirs, train.seed);
  if (!gate.champion && gate.slices.length === 0) {
    return { ...nothing, opponent: { kind: 'not-asked', version }, evaluation };
  }
  const unseen = await request.findUnseen(champion);
  if ('reason' in unseen)
    return { ...alone({ kind: 'unloadable', version, reason: unseen.reason }), evaluation };
  const facing = { sample: theirs, evaluation, unseen };
  if (!gate.champion) return { ...facing, opponent: { kind: 'not-asked', version }, comparison: null };
  const comparison = compareVersions(pickRows(sample, unseen), pickRows(theirs, unseen), gate.champion, {
    seed: train.seed,
    leftOut: rows.length - unseen.length,
  });
  return { ...facing, opponent: { kind: 'compared', version, comparison }, comparison };
}

/**
 * Evaluates a candidate and the champion on the same held-out rows and judges the gate.
 *
 * @throws EvergreenError `model-failed` when the candidate cannot answer them.
 */
export async function evaluateVersions(
  request: EvaluationRequest,
): Promise<Omit<EvaluationDocument, 'quantisation'>> {
  const { candidate, rows, datasetId, definitionDigest } = request;
  const { definition } = candidate;
  const { target, train } = definition;
  const answers = async (some: readonly Row[]) => toSample(some, await answer(candidate, some), definition);
  const sample = await answers(rows);
  const evaluation = evaluateSample(candidate, sample, train.seed);
  const faced = await faceChampion(request, sample);
  const slices = evaluateSlices(
    { rows, candidate: sample, champion: faced.sample, unseen: faced.unseen },
    definition,
  );
  const groups = evaluateGroups(rows, sample, definition);
  const robustness = await evaluateRobustness(rows, definition, answers);
  const classes = target.type === 'category' ? target.categories : null;
  const truth = sample.truth.map((value) => (classes ? (classes[value] ?? '') : value));
  // Limits may name figures of single classes too.
  const metrics = figuresOf(sample);
  return {
    schema: 'evergreen/evaluation/v2',
    model: definition.name,
    datasetId,
    definitionDigest,
    rows: rows.length,
    heldOutRows: request.heldOut,
    classes,
    truth: rows.length <= mostAnswersKept ? truth : null,
    candidate: evaluation,
    champion: faced.evaluation,
    comparison: faced.comparison,
    slices,
    groups,
    robustness,
    gate: judgeGate(definition, { metrics, slices, groups, robustness }, faced.opponent),
  };
}
