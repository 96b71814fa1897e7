import * as z from 'zod';
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
  /** Time from which on labels are in its rows, of this retrain and of those it builds on. */
  labelsFrom: z.iso.datetime(),
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

/** Labels from this time on are known by name. */
const namedFrom = ({ labelsUpTo }: Pick<RetrainRecord, 'labelsUpTo'>) =>
  new Date(Date.parse(labelsUpTo) - overlapMs).toISOString();

/** From when on labels are looked for, given the champion's dataset. */
export function searchFrom(datasetCreatedAt: string, record: RetrainRecord | undefined): string {
  return record ? namedFrom(record) : datasetCreatedAt;
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
  const from = namedFrom({ labelsUpTo });
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

/** What the champion's dataset was taught of rows whose labels were corrected since; nothing of the others. */
function taughtOf(record: RetrainRecord): (row: LabelledRow) => LabelledRow['actual'] | undefined {
  const from = namedFrom(record);
  const names = new Set(record.recentLabels);
  return ({ predictionId, row, replaced }) =>
    replaced.findLast(({ labelledAt }) =>
      labelledAt < from
        ? labelledAt >= record.labelsFrom
        : names.has(nameOf({ predictionId, row, labelledAt })),
    )?.label;
}

/** Known rows without those that a label taught before it was corrected: one of the same features and that target. */
function withoutCorrected(
  known: Row[],
  labelled: LabelledRow[],
  { features, target }: ModelDefinition,
  record: RetrainRecord,
): Row[] {
  const compared = Object.keys(features).filter((name) => name in (known[0] ?? {}));
  const keyOf = (row: Row, answer: Row[string]) =>
    JSON.stringify([...compared.map((name) => row[name] ?? null), answer]);
  const taught = taughtOf(record);
  const wrong = new Map<string, number>();
  for (const row of labelled) {
    const answer = taught(row);
    if (answer === undefined) continue;
    const key = keyOf(row.features, answer);
    wrong.set(key, (wrong.get(key) ?? 0) + 1);
  }
  return known.filter((row) => {
    const key = keyOf(row, row[target.name] ?? null);
    const left = wrong.get(key);
    if (left) wrong.set(key, left - 1);
    return !left;
  });
}

/**
 * The rows to learn from, in the columns of the definition: those known first, the newest labelled last.
 *
 * @param known Rows of the champion's dataset; a column that its definition did not have is missing.
 * @param labelled Newest first, each row of a prediction once.
 * @param record Of the retrain that the champion's dataset was made by, if it was.
 */
export function rowsToLearnFrom(
  known: Row[],
  labelled: LabelledRow[],
  definition: ModelDefinition,
  record?: RetrainRecord,
): Row[] {
  const features = Object.keys(definition.features);
  const target = definition.target.name;
  const columnsOf = (row: Row, answer: Row[string]): Row => ({
    ...Object.fromEntries(features.map((name) => [name, row[name] ?? null])),
    [target]: answer,
  });
  const right = record ? withoutCorrected(known, labelled, definition, record) : known;
  return [
    ...right.map((row) => columnsOf(row, row[target] ?? null)),
    ...labelled.toReversed().map(({ features: row, actual }) => columnsOf(row, actual)),
  ];
}
