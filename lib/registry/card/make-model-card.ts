import type { EvaluationDocument } from '../../evaluation/evaluation.ts';
import type { ModelDefinition } from '../../model/definition.ts';
import type { ModelVersion } from '../registry.ts';
import type { CardDocuments } from './card-documents.ts';
import type { ModelCard } from './model-card.ts';
import { costOfVersion } from './version-cost.ts';

/** More dots are a cloud at any width of the page. */
const mostPoints = 1000;

const said = (text: string) => (text.trim() === '' ? null : text);

function statementsOf({ card }: ModelDefinition): ModelCard['statements'] {
  return {
    intendedUse: said(card.intendedUse),
    outOfScope: said(card.outOfScope),
    limitations: said(card.limitations),
    ethicalConsiderations: said(card.ethicalConsiderations),
    owner: said(card.owner),
    contact: said(card.contact),
    license: said(card.license),
  };
}

function limitsOf({ gate, monitor, rollout }: ModelDefinition): ModelCard['limits'] {
  const { metric, limit } = monitor.quality;
  const { errorShare, p99LatencyMs } = rollout.limits;
  return {
    metrics: gate.limits,
    liveQuality: limit === undefined ? null : { metric, limit },
    driftPsi: monitor.drift.psi,
    drift: {
      distance: monitor.drift.distance,
      share: monitor.drift.share,
      missing: monitor.drift.missing,
    },
    captured: monitor.capture,
    errorShare,
    p99LatencyMs,
  };
}

/** Truth and answer of a regression's rows, evenly thinned. */
function pointsOf({ classes, truth, candidate }: EvaluationDocument): [number, number][] | null {
  const { answers } = candidate;
  if (classes !== null || truth === null || answers === null) return null;
  const all = truth.flatMap((value, row): [number, number][] => {
    const answer = answers[row];
    return typeof value === 'number' && typeof answer === 'number' ? [[value, answer]] : [];
  });
  if (all.length <= mostPoints) return all;
  const step = all.length / mostPoints;
  return Array.from({ length: mostPoints }, (_, index) => all[Math.floor(index * step)] ?? [0, 0]);
}

function evaluationOf(document: EvaluationDocument): ModelCard['evaluation'] {
  const { candidate, classes, comparison, slices, groups, robustness, gate, quantisation } = document;
  const { metrics, intervals, perClass, confusion, curves } = candidate;
  const figures = { metrics, intervals, perClass, confusion, curves };
  return {
    ...figures,
    classes,
    comparison,
    slices,
    groups,
    robustness,
    gate,
    quantisation,
    points: pointsOf(document),
  };
}

function heldOutOf({ rows, heldOutRows = rows }: EvaluationDocument) {
  return rows < heldOutRows ? { heldOutRows, judgedRows: rows } : { heldOutRows };
}

/** The card of a version: what its package and the registry say of it, and what people said in the definition. */
export function makeModelCard(version: ModelVersion, documents: CardDocuments): ModelCard {
  const { deployed, training, evaluation, explanation, tuning } = documents;
  const { definition, code } = deployed;
  const { lineage, packagePrefix, packageDigest, modelDigest } = version;
  const { definitionDigest, codeDigest, datasetId, datasetManifestKey } = lineage;
  const { runId, trainingJobName, parentVersion } = lineage;
  const { algorithm, hyperparameters, seed, libraries } = training;
  return {
    schema: 'evergreen/model-card/v1',
    model: version.model,
    version: version.version,
    author: version.author,
    createdAt: version.createdAt,
    description: said(definition.description),
    task: definition.task,
    statements: statementsOf(definition),
    digests: { model: modelDigest, package: packageDigest, definition: definitionDigest, code: codeDigest },
    lineage: {
      runId,
      trainingJobName,
      parentVersion,
      packagePrefix,
      continuedFrom: training.continuedFrom ?? null,
    },
    data: {
      datasetId,
      datasetManifestKey,
      trainRows: training.federation?.parties.reduce((sum, { rows }) => sum + rows, 0) ?? training.rows,
      ...heldOutOf(evaluation),
      features: Object.entries(definition.features).map(([name, feature]) => ({ name, feature })),
      target: definition.target,
    },
    training: {
      algorithm,
      hyperparameters,
      seed,
      libraries,
      program: code.program,
      figures: training.metrics,
      learningCurve: training.learningCurve ?? null,
      privacy: training.privacy ?? null,
      federation: training.federation ?? null,
      search: tuning && {
        strategy: tuning.strategy,
        ...tuning.objective,
        best: tuning.best?.objective ?? null,
      },
    },
    cost: costOfVersion(definition.train, training, tuning),
    limits: limitsOf(definition),
    evaluation: evaluationOf(evaluation),
    importance: explanation?.importance ?? null,
  };
}
