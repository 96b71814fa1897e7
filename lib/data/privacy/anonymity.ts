import * as z from 'zod';

const count = z.int().min(0);

/**
 * How many rows share their values of the columns that together may tell who a row is about.
 *
 * Source: Samarati, Sweeney (1998), "Protecting privacy when disclosing information: k-anonymity".
 */
export const anonymityReport = z.object({
  columns: z.array(z.string()),
  k: count,
  action: z.enum(['suppress', 'reject', 'warn']),
  /** Groups of rows with the same values, and the rows of the smallest; before any is left out. */
  groups: count,
  smallest: count,
  /** Rows in groups of fewer than k; left out when the action is to suppress. */
  rowsBelow: count,
  /** Rows of the smallest group that is kept. */
  smallestKept: count,
});
export type AnonymityReport = z.infer<typeof anonymityReport>;
