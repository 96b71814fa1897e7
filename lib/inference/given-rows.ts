import type { ModelDefinition } from '../model/definition.ts';
import { type Pointers, type RequestError, requestInvalid, unknownFeature } from './rows.ts';

/** Rows as they came, each an object by feature or an array in some order of features. */
export interface GivenRows {
  rows: readonly unknown[];
  /** What the places of an array stand for. */
  columns: readonly string[];
  pointers: Pointers;
  /** Of rows whose columns the caller named once for all of them. */
  header?: {
    pointer: string;
    errorAt: (place: number, message: string) => RequestError;
  };
}

/** Tells what is wrong with a column once, not once for each row. */
function refuseColumns({ columns, header }: GivenRows, definition: ModelDefinition): void {
  if (!header) return;
  const seen = new Set<string>();
  const errors: RequestError[] = [];
  for (const [place, name] of columns.entries()) {
    if (errors.length >= 20) break;
    if (!Object.hasOwn(definition.features, name)) {
      errors.push(header.errorAt(place, unknownFeature(definition, name)));
    } else if (seen.has(name)) errors.push(header.errorAt(place, 'is named a second time'));
    seen.add(name);
  }
  const missing = Object.entries(definition.features)
    .filter(([name, { mayBeMissing }]) => !seen.has(name) && !mayBeMissing)
    .map(([name]) => name);
  if (missing.length > 0)
    errors.push({ pointer: header.pointer, message: `lacks ${missing.slice(0, 20).join(', ')}` });
  if (errors.length > 0) throw requestInvalid(errors);
}

/**
 * Rows by feature.
 *
 * @throws EvergreenError `request-invalid` when a column is unknown, missing or there twice, or when an array has another
 * length than there are columns.
 */
export function nameCells(given: GivenRows, definition: ModelDefinition): unknown[] {
  refuseColumns(given, definition);
  const { rows, columns, pointers } = given;
  const areBooleans = columns.map((name) => definition.features[name]?.type === 'boolean');
  // Arrays of numbers, as NumPy writes them, have no booleans.
  const settle = (value: unknown, column: number) =>
    areBooleans[column] && (value === 0 || value === 1) ? value === 1 : value;
  return rows.map((row, place) => {
    if (!Array.isArray(row)) return row;
    if (row.length !== columns.length) {
      const wanted = columns.length > 20 ? '' : `: ${columns.join(', ')}`;
      const message = `has ${row.length} values; ${columns.length} are needed${wanted}`;
      throw requestInvalid([{ pointer: pointers(place), message }]);
    }
    return Object.fromEntries(columns.map((name, column) => [name, settle(row[column], column)]));
  });
}
