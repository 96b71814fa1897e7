import type { ModelDefinition } from '../model/definition.ts';
import type { Comparison, GateCheck, GateOutcome } from './evaluation.ts';
import { errorMetrics } from './metrics.ts';

/** What the candidate is held against. */
export type Opponent =
  | { kind: 'none' }
  | { kind: 'compared'; version: number; comparison: Comparison }
  /** It was trained for other features or another target, so there are no rows that both could answer. */
  | { kind: 'other-definition'; version: number }
  /** It could not answer the held-out rows. */
  | { kind: 'failed'; version: number; reason: string }
  /** It could not be loaded, so nobody knows whether the candidate is worse. */
  | { kind: 'unloadable'; version: number; reason: string };

const shown = (value: number) => String(Number(value.toPrecision(6)));

/** The figure without which nothing is known of a version. */
function mainMetric(task: ModelDefinition['task']): string {
  return task === 'regression' ? 'rmse' : 'accuracy';
}

function checkLimit(metric: string, limit: number, value: number | null | undefined): GateCheck {
  const isError = errorMetrics.includes(metric);
  const side = isError ? 'at most' : 'at least';
  const check = { rule: 'limit', metric } as const;
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    const message = `${metric} was not measured; ${side} ${shown(limit)} is asked for`;
    return { ...check, isPassed: false, message };
  }
  const isPassed = isError ? value <= limit : value >= limit;
  const message = `${metric} is ${shown(value)}; ${side} ${shown(limit)} is asked for`;
  return { ...check, isPassed, message };
}

const verdictWords: Record<Comparison['verdict'], string> = {
  better: 'better',
  'not-worse': 'not worse',
  worse: 'worse',
  'not-enough-data': 'not worse, though on too few rows to tell',
  'not-measured': 'not comparable, since a figure is missing',
};

function checkChampion(
  { metric, margin }: NonNullable<ModelDefinition['gate']['champion']>,
  opponent: Opponent,
): GateCheck {
  const check = { rule: 'champion', metric } as const;
  switch (opponent.kind) {
    case 'none':
      return { ...check, isPassed: true, message: 'no champion yet' };
    case 'other-definition': {
      const message = `champion ${opponent.version} takes other features or gives other answers; the limits alone count`;
      return { ...check, isPassed: true, message };
    }
    case 'failed':
      return {
        ...check,
        isPassed: true,
        message: `champion ${opponent.version} cannot answer the held-out rows (${opponent.reason}); the limits alone count`,
      };
    case 'unloadable':
      return {
        ...check,
        isPassed: false,
        message: `champion ${opponent.version} cannot be loaded for the comparison (${opponent.reason}); restore it or roll back, then run again`,
      };
    case 'compared': {
      const { candidate, champion, verdict, pValue } = opponent.comparison;
      const isPassed = verdict !== 'worse' && verdict !== 'not-measured';
      const figures = [candidate, champion].map((value) => (value === null ? 'none' : shown(value)));
      const chance = pValue === null ? '' : `, p = ${shown(pValue)}`;
      const message = `${metric} is ${figures[0]}, of champion ${opponent.version} ${figures[1]}: ${verdictWords[verdict]} (margin ${shown(margin)}${chance})`;
      return { ...check, isPassed, message };
    }
  }
}

/**
 * Whether a candidate may be registered.
 *
 * Fails closed: what was not measured is not passed.
 *
 * @param metrics Of the candidate; null or absent is not measured.
 */
export function judgeGate(
  definition: ModelDefinition,
  metrics: Readonly<Record<string, number | null>>,
  opponent: Opponent,
): GateOutcome {
  const { limits, champion } = definition.gate;
  const main = mainMetric(definition.task);
  const isMeasured = Number.isFinite(metrics[main] ?? Number.NaN);
  const measured: GateCheck = {
    rule: 'measured',
    metric: main,
    isPassed: isMeasured,
    message: isMeasured ? `${main} was measured` : `${main} was not measured: the evaluation says nothing`,
  };
  const checks = [
    measured,
    ...Object.entries(limits).map(([metric, limit]) => checkLimit(metric, limit, metrics[metric])),
    ...(champion ? [checkChampion(champion, opponent)] : []),
  ];
  const refused = checks.filter(({ isPassed }) => !isPassed);
  const told = refused.length > 0 ? refused : checks.filter(({ rule }) => rule !== 'measured');
  return {
    verdict: refused.length > 0 ? 'fail' : 'pass',
    reasons: told.length > 0 ? told.map(({ message }) => message) : ['the definition sets no limits'],
    checks,
  };
}
