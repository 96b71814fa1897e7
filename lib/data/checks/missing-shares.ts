import { type Column, dataColumns } from '../columns.ts';
import type { DatasetReport } from '../dataset.ts';

/** The map of missing cells out of counts by stretch of the file, for columns that miss any. */
export function shareOfParts(
  columns: readonly Column[],
  missing: readonly number[],
  parts: readonly { rows: number; missing: readonly number[] }[],
): DatasetReport['missingMap'] {
  const some = dataColumns(columns).filter((column) => (missing[columns.indexOf(column)] ?? 0) > 0);
  if (some.length === 0) return null;
  return {
    parts: parts.length,
    shares: Object.fromEntries(
      some.map((column) => [
        column.name,
        parts.map(({ rows, missing: counts }) =>
          Number(((counts[columns.indexOf(column)] ?? 0) / rows).toFixed(4)),
        ),
      ]),
    ),
  };
}
