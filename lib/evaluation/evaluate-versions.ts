import type { Row } from '../data/dataset.ts';
import type { Prediction } from '../inference/prediction-record.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { signatureOf } from '../model/signature.ts';
import { digestOf } from '../shared/digest.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { bootstrapIntervals } from './bootstrap.ts';
import { compareVersions } from './comparison.ts';
import type { Comparison, EvaluationDocument, VersionEvaluation } from './evaluation.ts';
import { judgeGate, type Opponent } from './gate.ts';
import { classFigures, confusionMatrix } from './metrics.ts';
import { figuresOf, type Sample, toSample } from './sample.ts';

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
  /** Held-out rows, with the target. */
  rows: readonly Row[];
  candidate: Subject;
  /** The champion, or why it cannot be loaded; null when there is none. */
  champion: Subject | { version: number; reason: string } | null;
}

const rowsAtOnce = 1000;
const mostAnswersKept = 10_000;
const mainMetrics = ['accuracy', 'balanced_accuracy', 'f1_macro', 'log_loss', 'rmse', 'mae', 'r2'];

async function answer(subject: Subject, rows: readonly Row[]): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    predictions.push(...(await subject.predict(rows.slice(start, start + rowsAtOnce))));
  }
  return predictions;
}

function evaluateSample(subject: Subject, sample: Sample, seed: number): VersionEvaluation {
  const figures = Object.entries(figuresOf(sample));
  const intervals = bootstrapIntervals(sample.truth.length, seed, (positions) =>
    figuresOf(sample, positions),
  );
  const facts = {
    version: subject.version,
    modelDigest: subject.modelDigest,
    metrics: Object.fromEntries(
      figures.map(([name, value]) => [name, Number.isFinite(value) ? value : null]),
    ),
    intervals: Object.fromEntries(Object.entries(intervals).filter(([name]) => mainMetrics.includes(name))),
  };
  const isKept = sample.truth.length <= mostAnswersKept;
  if (sample.kind === 'regression') {
    return { ...facts, perClass: null, confusion: null, answers: isKept ? sample.predicted : null };
  }
  const { classes, truth, predicted } = sample;
  const confusion = confusionMatrix(truth, predicted, classes.length);
  const each = classFigures(confusion);
  const perClass = classes.flatMap((name, place) => {
    const figuresOfClass = each[place];
    return figuresOfClass ? [[name, figuresOfClass] as const] : [];
  });
  return {
    ...facts,
    perClass: Object.fromEntries(perClass),
    confusion,
    answers: isKept ? predicted.map((place) => classes[place] ?? '') : null,
  };
}

/** Versions are compared only when both take what the rows have and answer the same question. */
function answersAlike(champion: ModelDefinition, candidate: ModelDefinition): boolean {
  const shape = (definition: ModelDefinition) => ({
    // The order of columns is each version's own affair.
    inputs: signatureOf(definition).inputs.map(({ name, features }) => [name, features.toSorted()]),
    target: { name: definition.target.name, type: definition.target.type },
    classes: definition.target.type === 'category' ? definition.target.categories.toSorted() : [],
  });
  return digestOf(shape(champion)) === digestOf(shape(candidate));
}

interface Judged {
  opponent: Opponent;
  evaluation: VersionEvaluation | null;
  comparison: Comparison | null;
}

async function faceChampion(request: EvaluationRequest, sample: Sample): Promise<Judged> {
  const { champion, candidate, rows } = request;
  const { gate, train, target } = candidate.definition;
  const alone = (opponent: Opponent): Judged => ({ opponent, evaluation: null, comparison: null });
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
  const theirs = toSample(rows, predictions, target);
  const rule = gate.champion;
  const evaluation = evaluateSample(champion, theirs, train.seed);
  if (!rule) return { opponent: { kind: 'none' }, evaluation, comparison: null };
  const comparison = compareVersions(sample, theirs, rule, train.seed);
  return { opponent: { kind: 'compared', version, comparison }, evaluation, comparison };
}

/**
 * Evaluates a candidate and the champion on the same held-out rows and judges the gate.
 *
 * @throws EvergreenError `model-failed` when the candidate cannot answer them.
 */
export async function evaluateVersions(request: EvaluationRequest): Promise<EvaluationDocument> {
  const { candidate, rows, datasetId, definitionDigest } = request;
  const { definition } = candidate;
  const { target, train } = definition;
  const sample = toSample(rows, await answer(candidate, rows), target);
  const evaluation = evaluateSample(candidate, sample, train.seed);
  const { opponent, evaluation: championEvaluation, comparison } = await faceChampion(request, sample);
  const classes = target.type === 'category' ? target.categories : null;
  const truth = sample.truth.map((value) => (classes ? (classes[value] ?? '') : value));
  return {
    schema: 'evergreen/evaluation/v1',
    model: definition.name,
    datasetId,
    definitionDigest,
    rows: rows.length,
    classes,
    truth: rows.length <= mostAnswersKept ? truth : null,
    candidate: evaluation,
    champion: championEvaluation,
    comparison,
    gate: judgeGate(definition, evaluation.metrics, opponent),
  };
}
