import * as z from 'zod';

const count = z.int().min(0);

/**
 * One line of the record of an erasure: erasures/<model>/<erasure id>/<time>-<state>.json. It names objects and counts,
 * and nobody: the id is a keyed hash of the subject.
 */
export const erasureRecord = z.object({
  schema: z.literal('evergreen/erasure/v1'),
  model: z.string(),
  erasureId: z.string(),
  /** `planned` is answered alone and never written. */
  state: z.enum(['planned', 'begun', 'done']),
  at: z.iso.datetime(),
  who: z.string(),
  /** Versions of uploads that held rows, with the datasets made of them, and what took their place. */
  sources: z.array(
    z.object({
      key: z.string(),
      versionId: z.string(),
      rows: count,
      /** Rows that nobody could cut into cells and that went too. */
      broken: count,
      datasets: z.array(z.string()),
      /** Datasets of the rows that are left; none when too few are. */
      replacedBy: z.array(z.string()),
    }),
  ),
  /** Ids of the predictions whose captures and receipts went. */
  predictions: z.array(z.string()),
  /** Versions of the model that had learned from the rows. */
  versions: z.array(z.int()),
  /** Uploads that could not be read, and why: nobody can tell whether they hold rows of the subject. */
  unreadable: z.array(z.object({ key: z.string(), versionId: z.string(), message: z.string() })),
});
export type ErasureRecord = z.infer<typeof erasureRecord>;
