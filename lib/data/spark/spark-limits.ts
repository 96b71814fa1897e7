import type { Column } from '../columns.ts';

/** Wider files make plans that Spark takes longer to read than the rows. */
export const mostSparkColumns = 500;

/**
 * What a definition asks for that the Spark branch does not do. A file over the limit is refused for
 * these, rather than examined by other rules than a small one.
 */
export function beyondSpark(columns: readonly Column[]): string[] {
  return columns.length > mostSparkColumns
    ? [`${columns.length} columns; at most ${mostSparkColumns} are read`]
    : [];
}
