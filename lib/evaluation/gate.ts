import type { ModelDefinition } from '../model/definition.ts';
import { mainMetric } from '../model/gate.ts';
import { isErrorMetric } from '../model/metric-names.ts';
import { looksWorse } from './comparison.ts';
import type {
  Comparison,
  GateCheck,
  GateOutcome,
  GroupEvaluation,
  RobustnessEvaluation,
  SliceEvaluation,
} from './evaluation.ts';

/** What the candidate is held against. */
export type Opponent =
  | { kind: 'none' }
  /** The definition asks for no comparison over all rows. */
  | { kind: 'not-asked'; version: number }
  | { kind: 'compared'; version: number; comparison: Comparison }
  /** It was trained for other features or another target, so there are no rows that both could answer. */
  | { kind: 'other-definition'; version: number }
  /** It could not answer the held-out rows. */
  | { kind: 'failed'; version: number; reason: string }
  /** It could not be loaded, so nobody knows whether the candidate is worse. */
  | { kind: 'unloadable'; version: number; reason: string };

const shown = (value: number) => String(Number(value.toPrecision(6)));

function checkLimit(metric: string, limit: number, value: number | null | undefined): GateCheck {
  const isError = isErrorMetric(metric);
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
  'not-enough-data': 'too few rows to tell',
  'not-measured': 'not comparable, since a figure is missing',
};

function describe({ metric, margin, rows, leftOut, ...compared }: Comparison, version: number): string {
  const { candidate, champion, verdict, pValue } = compared;
  const left =
    leftOut === 0 ? '' : `; ${leftOut} held-out rows left out, since a version may have been trained on them`;
  if (rows === 0) return `champion ${version} cannot be compared: no rows are new to both versions${left}`;
  const figures = [candidate, champion].map((value) => (value === null ? 'none' : shown(value)));
  const chance = pValue === null ? '' : `, p = ${shown(pValue)}`;
  return `${metric} is ${figures[0]}, of champion ${version} ${figures[1]}: ${verdictWords[verdict]} (${rows} rows, margin ${shown(margin)}${chance}${left})`;
}

function checkChampion(
  { metric }: NonNullable<ModelDefinition['gate']['champion']>,
  opponent: Opponent,
): GateCheck {
  const check = { rule: 'champion', metric } as const;
  switch (opponent.kind) {
    case 'none':
    case 'not-asked':
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
      const { verdict } = opponent.comparison;
      const keepsChampion = verdict === 'not-enough-data' && looksWorse(opponent.comparison);
      const isPassed = verdict !== 'worse' && verdict !== 'not-measured' && !keepsChampion;
      const message = `${describe(opponent.comparison, opponent.version)}${keepsChampion ? '; it looks worse, so the champion stays' : ''}`;
      return { ...check, isPassed, message };
    }
  }
}

/** A slice is refused when it is proven worse; one that merely looks so may be chance, of which many slices have much. */
function checkSlice({ feature, slice, comparison }: SliceEvaluation, version: number): GateCheck[] {
  if (!comparison) return [];
  const { metric, verdict } = comparison;
  const isPassed = verdict !== 'worse' && verdict !== 'not-measured';
  const message = `of ${feature} ${slice}, ${describe(comparison, version)}`;
  return [{ rule: 'slice', metric, isPassed, message }];
}

/** Holds a figure that should be small against its limit; what was not measured is not passed. */
function checkGap(
  rule: 'group' | 'robustness',
  name: string,
  value: number | null,
  limit: number | undefined,
): GateCheck[] {
  if (limit === undefined) return [];
  const isMeasured = value !== null && Number.isFinite(value);
  const found = isMeasured ? `is ${shown(value)}` : 'was not measured';
  const isPassed = isMeasured && value <= limit;
  return [
    { rule, metric: null, isPassed, message: `${name} ${found}; at most ${shown(limit)} is asked for` },
  ];
}

function checkGroups(groups: readonly GroupEvaluation[], { gate }: ModelDefinition): GateCheck[] {
  return groups.flatMap(({ feature, gaps }, place) => {
    const limits = gate.groups[place]?.limits ?? {};
    const words = { equal_opportunity: 'equal opportunity', demographic_parity: 'demographic parity' };
    return (['equal_opportunity', 'demographic_parity'] as const).flatMap((name) =>
      checkGap('group', `the gap of ${words[name]} by ${feature}`, gaps[name].value, limits[name]),
    );
  });
}

function checkRobustness(
  { disturbances, metric }: RobustnessEvaluation,
  { gate }: ModelDefinition,
): GateCheck[] {
  const { limits } = gate.robustness;
  const words = { noise: 'noise', missing: 'missing values', units: 'shifted units' };
  return (['noise', 'missing', 'units'] as const).flatMap((kind) => {
    const drops = disturbances.filter((each) => each.kind === kind).map(({ drop }) => drop);
    const worst = drops.every((drop) => drop !== null) && drops.length > 0 ? Math.max(...drops) : null;
    return checkGap('robustness', `the loss of ${metric} by ${words[kind]}`, worst, limits[kind]);
  });
}

/** What was found of a candidate. */
export interface Findings {
  /** Those of single classes too; null or absent is not measured. */
  metrics: Readonly<Record<string, number | null>>;
  slices: readonly SliceEvaluation[];
  groups: readonly GroupEvaluation[];
  robustness: RobustnessEvaluation;
}

/**
 * Whether a candidate may be registered.
 *
 * Fails closed: what was not measured is not passed.
 */
export function judgeGate(
  definition: ModelDefinition,
  { metrics, slices, groups, robustness }: Findings,
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
    ...slices.flatMap((slice) => checkSlice(slice, 'version' in opponent ? opponent.version : 0)),
    ...checkGroups(groups, definition),
    ...checkRobustness(robustness, definition),
  ];
  const refused = checks.filter(({ isPassed }) => !isPassed);
  const told = refused.length > 0 ? refused : checks.filter(({ rule }) => rule !== 'measured');
  return {
    verdict: refused.length > 0 ? 'fail' : 'pass',
    reasons: told.length > 0 ? told.map(({ message }) => message) : ['the definition sets no limits'],
    checks,
  };
}
