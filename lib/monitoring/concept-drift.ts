import type { Bin } from '../data/profile-bins.ts';
import { type AnswerReference, rightCount, sum } from './answer-reference.ts';
import {
  type DriftLimits,
  type DriftVerdict,
  judgeShifts,
  type Watched,
  type WatchedDrift,
} from './drift.ts';
import { numberBins } from './number-bins.ts';
import { intervalBins } from './output-drift.ts';
import type { LabelledAnswer } from './quality.ts';

export interface ConceptDrift {
  verdict: DriftVerdict;
  reason: string;
  /** Labelled answers of the champion. */
  sample: number;
  watched: WatchedDrift[];
}

type Classified = Extract<AnswerReference, { kind: 'classification' }>;

function watchClasses(reference: Classified, answers: readonly LabelledAnswer[]): Watched[] {
  const { classes, confusion } = reference;
  const right = rightCount(reference);
  const all = sum(confusion.map(sum));
  const isRight = ({ predicted, actual }: LabelledAnswer) => predicted === actual;
  const liveRight = answers.filter(isRight).length;
  const wrong = { label: 'wrong', frozen: all - right, live: answers.length - liveRight };
  const errors: Watched = {
    name: 'error rate',
    comparison: {
      isOrdered: false,
      values: [{ label: 'right', frozen: right, live: liveRight }],
      gaps: [{ name: 'wrong', bin: wrong }],
    },
    sample: answers.length,
  };
  const byAnswer = classes.map((answered, column) => {
    const ofAnswer = answers.filter(({ predicted }) => predicted === answered);
    const values = classes.map((label, line) => ({
      label,
      frozen: confusion[line]?.[column] ?? 0,
      live: ofAnswer.filter(({ actual }) => actual === label).length,
    }));
    const comparison = { isOrdered: false, values, gaps: [] };
    return { name: `${behind}${answered}`, comparison, sample: ofAnswer.length };
  });
  return [errors, ...byAnswer];
}

function watchErrors(
  { errors: { edges, counts } }: Extract<AnswerReference, { kind: 'regression' }>,
  answers: readonly LabelledAnswer[],
): Watched[] {
  const found = answers.map(({ predicted, actual }) => Math.abs(Number(predicted) - Number(actual)));
  const values = intervalBins(edges, counts, numberBins(found, edges));
  return [
    { name: 'absolute error', comparison: { isOrdered: true, values, gaps: [] }, sample: answers.length },
  ];
}

/** Of regressions on more than 10,000 rows, and of versions of earlier releases. */
export const noReference = 'the evaluation kept no answers to compare with';

const behind = 'truth behind ';

/** Whether answers became worse: fewer of them are right, or errors greater. */
function isWorse({ name, bins }: WatchedDrift): boolean {
  const isGood = name.startsWith(behind)
    ? ({ label }: Bin) => label === name.slice(behind.length)
    : (bin: Bin) => bins.indexOf(bin) < bins.length / 2;
  const share = (side: 'frozen' | 'live') =>
    sum(bins.filter(isGood).map((bin) => bin[side])) / sum(bins.map((bin) => bin[side]));
  return share('live') < share('frozen');
}

/**
 * Whether what is to be predicted has changed: the share of wrong answers (or the size of errors), and the truth behind
 * each answer, beside the rows that the version was evaluated on. Better than then is no drift.
 *
 * @param answers Labelled answers of the champion.
 */
export function judgeConcept(
  reference: AnswerReference | null,
  answers: readonly LabelledAnswer[],
  limits: DriftLimits,
): ConceptDrift {
  const sample = answers.length;
  if (!reference) {
    return { verdict: 'not enough data', reason: noReference, sample, watched: [] };
  }
  const candidates =
    reference.kind === 'classification' ? watchClasses(reference, answers) : watchErrors(reference, answers);
  const watched = judgeShifts(candidates, limits).map((found): WatchedDrift => {
    if (found.verdict !== 'drifted' || isWorse(found)) return found;
    return { ...found, verdict: 'stable', reason: `better than in the evaluation: ${found.reason}` };
  });
  if (sample < limits.leastSample) {
    const reason = `${sample} labels; ${limits.leastSample} are needed`;
    return { verdict: 'not enough data', reason, sample, watched };
  }
  const drifted = watched.filter(({ verdict }) => verdict === 'drifted').map(({ name }) => name);
  return drifted.length > 0
    ? { verdict: 'drifted', reason: `${drifted.join(', ')} changed since the evaluation`, sample, watched }
    : { verdict: 'stable', reason: `errors are those of the evaluation (${sample} labels)`, sample, watched };
}
