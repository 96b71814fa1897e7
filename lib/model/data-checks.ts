import * as z from 'zod';
import { condition } from './conditions.ts';

const share = z.number().min(0).max(1);

/** When a check fails: the file is rejected, the report says so, or nobody looks. */
export const checkAction = z.enum(['reject', 'warn', 'off']);
export type CheckAction = z.infer<typeof checkAction>;

/** Of a check that points at rows: they can also be put aside, up to `maxRejectedShare`. */
export const rowAction = z.enum(['quarantine', 'reject', 'warn', 'off']);
export type RowAction = z.infer<typeof rowAction>;

const warned = checkAction.default('warn');
const rejected = checkAction.default('reject');

/**
 * What a dataset is held against besides the types, ranges and categories of its columns. Columns are features, the
 * target, identity, or those that `data.columns` names.
 */
export const dataChecks = z.strictObject({
  /**
   * Whole texts that a column may hold, as a regular expression: letters, `.` (all but a line feed), `[a-z]`, `[^a-z]`, `\d` `\w`
   * `\s` (of ASCII) and their capitals, `\p{L}` and other general categories, `( )`, `(?: )`, `|`, `*` `+` `?` `{n}` `{n,}` `{n,m}`,
   * `^`, `$`, `\b`, `\B`, `\t` `\n` `\v` `\f` `\r`, `\xHH`, `\x{HHHH}`, and `\` before a sign. What RE2 reads and others read
   * otherwise is refused.
   */
  patterns: z
    .array(
      z.strictObject({
        column: z.string(),
        pattern: z.string().min(1).max(500),
        action: rowAction.default('quarantine'),
      }),
    )
    .default([]),
  /** What holds between the columns of a row; a comparison with a missing value does not judge. */
  rules: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(80),
        /** Rows that the rule is about. @default all */
        when: condition.optional(),
        must: condition,
        action: rowAction.default('quarantine'),
      }),
    )
    .max(50)
    .default([]),
  /** Columns whose values, taken together, no two rows share; missing values are not compared. */
  unique: z
    .array(z.strictObject({ columns: z.array(z.string()).min(1), action: rejected }))
    .max(10)
    .default([]),
  /** Rows of one identity with different values. */
  identity: z.strictObject({ mostShare: share.default(0), action: warned }).prefault({}),
  /** Rows of one identity, or with the same features, that have different labels. */
  conflictingLabels: z.strictObject({ mostShare: share.default(0.01), action: warned }).prefault({}),
  /** Age of the newest row, by a column of type timestamp. */
  freshness: z
    .strictObject({ column: z.string(), maxAgeHours: z.number().positive(), action: rejected })
    .optional(),
  /** Personal data in columns that the definition does not say it of, also in columns that the model does not read. */
  personalData: z
    .strictObject({
      /** Rows whose values are looked at, spread over the file; 0 means all. */
      sampleRows: z.int().min(0).max(1_000_000).default(5000),
      action: warned,
    })
    .prefault({}),
  /** Share of the rarest class that occurs. */
  classBalance: z.strictObject({ leastShare: share.default(0.01), action: warned }).prefault({}),
  /** Features that hold one value alone. */
  constants: z.strictObject({ action: warned }).prefault({}),
  /**
   * A feature that alone tells the target. `limit` is of what it removes of the errors (or of the standard deviation)
   * that are left without it, on rows it was not learned from; it counts as passed when that is certain at 99 %.
   */
  leak: z.strictObject({ limit: share.default(0.99), action: rejected }).prefault({}),
  /** Features distributed otherwise than in the dataset of the champion. */
  shift: z
    .strictObject({
      /** Population stability index. */
      psi: z.number().positive().default(0.2),
      /** Kolmogorov-Smirnov distance of numbers, Cramér's V of categories. */
      distance: share.default(0.1),
      leastSample: z.int().min(1).default(200),
      action: warned,
    })
    .prefault({}),
  /** The target distributed otherwise than in the dataset of the champion. */
  labelShift: z
    .strictObject({
      psi: z.number().positive().default(0.2),
      distance: share.default(0.1),
      leastSample: z.int().min(1).default(200),
      action: warned,
    })
    .prefault({}),
  /**
   * Labels that contradict the rows most like theirs. Of one file alone nobody can tell flipped labels from rows that
   * are hard, so its share is only warned of; against the dataset of the champion the increase decides.
   */
  labelFlips: z
    .strictObject({
      mostShare: share.default(0.1),
      increase: share.default(0.05),
      leastSample: z.int().min(20).default(100),
      action: rejected,
    })
    .prefault({}),
  /** The greatest group of rows that are equal but for a hundredth of each number's spread. */
  nearDuplicates: z
    .strictObject({ mostShare: share.default(0.05), leastRows: z.int().min(2).default(20), action: warned })
    .prefault({}),
  /** Outliers among the rows of one source, by a column that says where a row comes from. */
  sources: z
    .strictObject({
      column: z.string(),
      /** Share of a source's rows that hold an outlier; a source passes it when that is certain at 99 %. */
      mostShare: share.default(0.1),
      leastRows: z.int().min(1).default(30),
      action: rejected,
    })
    .optional(),
});

export type DataChecks = z.infer<typeof dataChecks>;
