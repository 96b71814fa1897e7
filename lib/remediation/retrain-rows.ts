import { z } from 'zod';
import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { Label } from '../monitoring/label.ts';
import type { LabelledRow } from '../monitoring/labelled-rows.ts';

/*
 * A retrain learns from the rows of the champion's dataset and from the rows labelled since. Beside its rows,
 * retrain/<model>/<run id>.jsonl, lies a record of the labels it took, retrain/<model>/<run id>.json: when its dataset
 * becomes the champion's, those labels are not new any more.
 */

export const retrainRecord = z.object({
  schema: z.literal('evergreen/retrain/v1'),
  model: z.string(),
  runId: z.string(),
  assembledAt: z.iso.datetime(),
  base: z.object({ version: z.int(), datasetId: z.string() }),
  labelledRows: z.int(),
  totalRows: z.int(),
  /** Time of the newest label taken, but never later than `assembledAt`. */
  labelsUpTo: z.iso.datetime(),
  /** Labels taken from the last hours before `labelsUpTo`, see {@link overlapMs}. */
  recentLabels: z.array(z.string()),
});
export type RetrainRecord = z.infer<typeof retrainRecord>;

export function retrainKeys(model: string, runId: string): { rows: string; record: string } {
  return { rows: `retrain/${model}/${runId}.jsonl`, record: `retrain/${model}/${runId}.json` };
}

/** The record beside the rows that a dataset was made of; undefined for a dataset that was uploaded. */
export function recordKeyOf(sourceKey: string): string | undefined {
  return /^retrain\/.+\.jsonl$/.test(sourceKey) ? sourceKey.replace(/\.jsonl$/, '.json') : undefined;
}

/**
 * The index of labels lags, and clocks of functions differ: a label may turn up before the newest one that was taken.
 * So the last hours are looked through again, and what was taken of them is known by name.
 */
export const overlapMs = 2 * 3_600_000;

const nameOf = ({ predictionId, row, labelledAt }: Pick<Label, 'predictionId' | 'row' | 'labelledAt'>) =>
  `${predictionId}#${row}@${labelledAt}`;

/** From when on labels are looked for, given the champion's dataset. */
export function labelsFrom(datasetCreatedAt: string, record: RetrainRecord | undefined): string {
  if (!record) return datasetCreatedAt;
  return new Date(Date.parse(record.labelsUpTo) - overlapMs).toISOString();
}

/** Labels that the champion's dataset was not made of. A corrected label has a new time and so is new. */
export function newLabels(labels: Label[], record: RetrainRecord | undefined): Label[] {
  const taken = new Set(record?.recentLabels);
  return labels.filter((label) => !taken.has(nameOf(label)));
}

/** What of the labels taken is to be remembered. */
export function rememberLabels(
  taken: LabelledRow[],
  before: RetrainRecord | undefined,
  assembledAt: string,
): Pick<RetrainRecord, 'labelsUpTo' | 'recentLabels'> {
  const times = taken.map(({ labelledAt }) => labelledAt).concat(before?.labelsUpTo ?? []);
  const newest = times.reduce((latest, time) => (time > latest ? time : latest), '');
  const labelsUpTo = newest < assembledAt ? newest : assembledAt;
  const from = new Date(Date.parse(labelsUpTo) - overlapMs).toISOString();
  const earlier = (before?.recentLabels ?? []).filter(
    (name) => name.slice(name.lastIndexOf('@') + 1) >= from,
  );
  const now = taken.filter(({ labelledAt }) => labelledAt >= from).map(nameOf);
  return { labelsUpTo, recentLabels: [...new Set([...earlier, ...now])] };
}

/**
 * Columns that a retrain would need and nobody kept: datasets do not hold columns that only identify a row, captured
 * rows hold no personal data.
 */
export function columnsNotKept({ identity, features, target }: ModelDefinition): string[] {
  const onlyIdentity = identity.filter((name) => !(name in features) && name !== target.name);
  const personal = Object.entries(features).filter(([, { personalData }]) => personalData !== 'none');
  return [...onlyIdentity, ...personal.map(([name]) => name)];
}

/**
 * The rows to learn from, in the columns of the definition: those known first, the newest labelled last.
 *
 * @param known Rows of the champion's dataset; a column that its definition did not have is missing.
 * @param labelled Newest first, each row of a prediction once.
 */
export function rowsToLearnFrom(known: Row[], labelled: LabelledRow[], definition: ModelDefinition): Row[] {
  const features = Object.keys(definition.features);
  const target = definition.target.name;
  const columnsOf = (row: Row, answer: Row[string]): Row => ({
    ...Object.fromEntries(features.map((name) => [name, row[name] ?? null])),
    [target]: answer,
  });
  return [
    ...known.map((row) => columnsOf(row, row[target] ?? null)),
    ...labelled.toReversed().map(({ features: row, actual }) => columnsOf(row, actual)),
  ];
}
