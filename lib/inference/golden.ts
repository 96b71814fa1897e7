import type { GoldenAnswers } from '../training/model-package.ts';
import type { Prediction } from './prediction-record.ts';

/**
 * Where a session answers the golden rows otherwise than the trainer did; undefined when it agrees.
 *
 * Labels must be the same, scores and values may differ by the tolerance that the trainer set.
 *
 * @param classes Labels in the order of the trainer's scores; none for a regression.
 */
export function compareGolden(
  answers: readonly Prediction[],
  golden: GoldenAnswers,
  classes: readonly string[],
): string | undefined {
  const { rows, labels, scores, values, tolerance } = golden;
  const expected = classes.length > 0 ? labels : values;
  if (expected === null) return `the golden rows have no ${classes.length > 0 ? 'labels' : 'values'}`;
  for (const [what, column] of Object.entries({ labels, scores, values })) {
    if (column !== null && column.length !== rows.length) {
      return `there are ${column.length} golden ${what} for ${rows.length} rows`;
    }
  }
  if (answers.length !== rows.length) return `${answers.length} of ${rows.length} golden rows were answered`;
  for (const [row, answer] of answers.entries()) {
    if ('value' in answer) {
      const value = values?.[row];
      if (value === undefined || !(Math.abs(answer.value - value) <= tolerance)) {
        return `row ${row} gives ${answer.value} instead of ${value} ± ${tolerance}`;
      }
      continue;
    }
    if (answer.label !== labels?.[row]) return `row ${row} gives ${answer.label} instead of ${labels?.[row]}`;
    if ((answer.scores === undefined) !== (scores === null)) {
      return 'the session and the trainer do not both give scores';
    }
    for (const [place, name] of classes.entries()) {
      if (answer.scores === undefined) break;
      const score = scores?.[row]?.[place];
      const given = answer.scores[name];
      // What is not a number compares as false, and must fail.
      if (score === undefined || given === undefined || !(Math.abs(given - score) <= tolerance)) {
        return `row ${row} gives ${name} the score ${given} instead of ${score} ± ${tolerance}`;
      }
    }
  }
  return undefined;
}
