import type { ModelDefinition } from '../../model/definition.ts';
import { wilsonBounds } from '../../statistics/wilson.ts';
import { type Found, percent, statusOf, type WholeFindings } from './findings.ts';
import { areClassesClear, hasAgreementCollapsed, haveFlipsGrown, type LabelFlips } from './label-flips.ts';
import { judgeShift } from './shift.ts';

export interface Compared {
  column: string;
  isTarget: boolean;
  found: Found;
}

/** Each column against what it was in the dataset of the champion. */
export function compareWithEarlier(
  { earlier, profiles, onOtherBins }: WholeFindings,
  { target, features, data }: ModelDefinition,
): Compared[] {
  if (!earlier) return [];
  const names = [...Object.keys(features), target.name];
  return names.flatMap((column): Compared[] => {
    const isTarget = column === target.name;
    const then = isTarget ? earlier.target : earlier.features[column];
    const now = profiles[column];
    if (!then || !now) return [];
    const asked = isTarget ? data.checks.labelShift : data.checks.shift;
    const shift = judgeShift(then, now, onOtherBins.get(column), asked, isTarget ? 1 : names.length - 1);
    const status = shift.verdict === 'not-judged' ? 'not-judged' : statusOf(shift.verdict === 'stable');
    const verb = shift.verdict === 'shifted' ? 'is distributed otherwise than' : 'against what it was';
    const message = `${column} ${verb} in ${earlier.datasetId}: ${shift.reason}`;
    return [
      { column, isTarget, found: { status, count: null, value: shift.psi, limit: asked.psi, message } },
    ];
  });
}

/** Without an earlier dataset there is nothing that tells flipped labels from hard rows: it is only warned of. */
export function actionOfFlips(
  { earlier }: WholeFindings,
  { data }: ModelDefinition,
): { action: 'reject' | 'warn' | 'off' } {
  const { action } = data.checks.labelFlips;
  return { action: action === 'reject' && !earlier?.labelFlips ? 'warn' : action };
}

export function flips(now: LabelFlips, { earlier }: WholeFindings, { data }: ModelDefinition): Found {
  const { leastSample, mostShare, increase } = data.checks.labelFlips;
  const value = now.judged === 0 ? 0 : now.disagreeing / now.judged;
  const what = `${now.disagreeing} of ${now.judged} labels (${percent(value)}) contradict the rows most like theirs`;
  const count = now.disagreeing;
  const isClear = areClassesClear(earlier?.labelFlips ?? now);
  if (now.sampled < leastSample || !isClear) {
    return {
      status: 'not-judged',
      count,
      value,
      limit: mostShare,
      message: isClear
        ? `${what}; ${leastSample} rows are needed to judge`
        : `the classes overlap: neighbours agree in ${now.judged} of ${now.sampled} rows, too few to tell flipped labels`,
    };
  }
  const then = earlier?.labelFlips;
  if (then) {
    const before = then.judged === 0 ? 0 : then.disagreeing / then.judged;
    const isPassed = !haveFlipsGrown(now, then, increase);
    const message = hasAgreementCollapsed(now, then)
      ? `labels no longer follow the features: neighbours agree on one in ${percent(now.judged / now.sampled)} of the rows, in ${earlier?.datasetId} in ${percent(then.judged / then.sampled)}`
      : `${what}; in ${earlier?.datasetId} it was ${percent(before)}, and ${percent(increase)} more are allowed`;
    return { status: statusOf(isPassed), count, value, limit: before + increase, message };
  }
  const isPassed = wilsonBounds(now.disagreeing, now.judged).least <= mostShare;
  return {
    status: statusOf(isPassed),
    count,
    value,
    limit: mostShare,
    message: `${what}; at most ${percent(mostShare)}`,
  };
}
