import { findLabelFlips, type LabelFlips } from '../lib/data/checks/label-flips.ts';
import type { Sample } from '../lib/evaluation/sample.ts';
import { defineModel } from '../lib/model/definition.ts';
import { answerOf, type Line, train, type WorldRow } from './simulated-world.ts';

export const definition = defineModel({
  name: 'simulated',
  task: 'classification',
  features: { x: { type: 'number' }, y: { type: 'number' } },
  target: { name: 'label', type: 'category', categories: ['no', 'yes'] },
  train: {},
  gate: { champion: { metric: 'accuracy', margin: 0.01 } },
  monitor: { quality: { limit: 0.82 } },
  retrain: { youngHours: 72 },
});
export const classes = ['no', 'yes'] as const;
const codeOf = (label: WorldRow['label']) => classes.indexOf(label);

export interface Version {
  number: number;
  line: Line;
  known: { train: WorldRow[]; test: WorldRow[] };
  flips: LabelFlips;
  /** Of the held-out rows: by true class, then by answer. */
  confusion: number[][];
  isPoisoned: boolean;
  /** Day on which it became champion, and on which its dataset was made. */
  since: number;
  trainedOn: number;
}

export interface Labelled extends WorldRow {
  day: number;
}

export interface Dataset {
  train: WorldRow[];
  test: WorldRow[];
  isPoisoned: boolean;
}

const isHeldOut = (_: WorldRow, place: number) => place % 5 === 0;

export function datasetOf(rows: WorldRow[], isPoisoned: boolean): Dataset {
  return {
    train: rows.filter((row, place) => !isHeldOut(row, place)),
    test: rows.filter(isHeldOut),
    isPoisoned,
  };
}

/** Rows that the gate looks at. */
const mostSampled = 2000;

export function flipsOf(all: readonly WorldRow[]): LabelFlips {
  const every = Math.max(1, Math.ceil(all.length / mostSampled));
  const rows = all.filter((_, place) => place % every === 0);
  return findLabelFlips({
    numbers: Float64Array.from(rows.flatMap(({ x, y }) => [x, y])),
    codes: new Int32Array(0),
    labels: Int32Array.from(rows, ({ label }) => codeOf(label)),
  });
}

export function sampleOf(line: Line, rows: readonly WorldRow[]): Sample {
  const truth = rows.map(({ label }) => codeOf(label));
  const predicted = rows.map((row) => codeOf(answerOf(line, row)));
  return { kind: 'classification', classes, isRanking: false, truth, predicted, scores: undefined };
}

export const accuracyOf = ({ truth, predicted }: Sample) =>
  truth.filter((actual, row) => predicted[row] === actual).length / truth.length;

export function versionOf(number: number, dataset: Dataset, flips: LabelFlips, since: number): Version {
  const line = train(dataset.train);
  const { truth, predicted } = sampleOf(line, dataset.test);
  const confusion = classes.map((_, actual) =>
    classes.map(
      (__, answered) => truth.filter((each, row) => each === actual && predicted[row] === answered).length,
    ),
  );
  return {
    number,
    line,
    known: dataset,
    flips,
    confusion,
    isPoisoned: dataset.isPoisoned,
    since,
    trainedOn: since,
  };
}
