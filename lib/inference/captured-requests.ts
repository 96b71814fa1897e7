import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { PredictionRecord } from './prediction-record.ts';

/** Rows of one request as it would be asked of another version. */
export type RequestRows = Row[];

/** What can be asked again of a version, or why nothing can. */
export type AskedAgain = { requests: RequestRows[] } | { reason: string };

const maxRows = 5000;

/**
 * Captured requests as they would be asked of a version: with the features that it knows. Personal data is not captured,
 * and a new feature never was; a version that needs either cannot be asked.
 *
 * @param records Newest first.
 */
export function askAgain(records: readonly PredictionRecord[], { features }: ModelDefinition): AskedAgain {
  const lost = Object.entries(features).filter(
    ([name, { mayBeMissing, personalData }]) =>
      !mayBeMissing && (personalData !== 'none' || !isCaptured(records, name)),
  );
  if (records.length > 0 && lost.length > 0) {
    return { reason: `captured requests have no ${lost.map(([name]) => name).join(', ')}` };
  }
  const requests: RequestRows[] = [];
  let rows = 0;
  for (const record of records) {
    if (record.isPinned || record.rows.length === 0) continue;
    if (rows + record.rows.length > maxRows) break;
    rows += record.rows.length;
    const names = Object.keys(features);
    requests.push(
      record.rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name] ?? null]))),
    );
  }
  return { requests };
}

const isCaptured = (records: readonly PredictionRecord[], name: string) =>
  records.length === 0 || records.some(({ rows }) => rows.some((row) => name in row));
