import type { ModelDefinition } from '../../model/definition.ts';
import type { RecognisedFormat } from '../../model/source-format.ts';
import type { Column } from '../columns.ts';

/** Wider files make plans that Spark takes longer to read than the rows. */
export const mostSparkColumns = 500;

/** What means the same in RE2 and in Java's expressions: letters, classes, groups, repetitions, alternatives. */
const portablePattern =
  /^\^?(?:\\[dDwW]|\\[^a-zA-Z0-9\s]|\[\^?(?:\\[dDwW]|\\[^a-zA-Z0-9\s]|[^\][\\&])+\]|\((?:\?:|(?!\?))|\)|[*+?]|\{\d+(?:,\d*)?\}|\||\.|[^\\()[\]{}*+?|.^$])*\$?$/;

/** Whether a pattern accepts the same texts on both engines. */
export function isPortablePattern(pattern: string): boolean {
  return portablePattern.test(pattern);
}

/**
 * What a definition asks for, or a file is, that the Spark branch does not do. A file over the limit is refused for
 * these, rather than examined by other rules than a small one.
 */
export function beyondSpark(
  { data }: ModelDefinition,
  columns: readonly Column[],
  { format, isGzip }: RecognisedFormat,
): string[] {
  const { checks } = data;
  const sourceColumn = columns.find(({ name }) => name === checks.sources?.column);
  const found: [boolean, string][] = [
    [format === 'jsonl', 'JSON lines; send CSV or Parquet'],
    [isGzip, 'gzip, which cannot be cut into parts; send plain CSV or Parquet'],
    [data.split.method === 'seeded', 'the split "seeded", which needs all rows in one place; use "hash"'],
    [columns.length > mostSparkColumns, `${columns.length} columns; at most ${mostSparkColumns} are read`],
    [columns.some(({ normalise }) => normalise), 'the normalisation of texts'],
    [columns.some(({ units }) => units), 'numbers with units'],
    [columns.some(({ width, keep }) => width !== undefined || keep !== undefined), 'generalised values'],
    [columns.some(({ disguise }) => disguise), 'personal texts that are hashed or masked'],
    [
      checks.personalData.action !== 'off' && checks.personalData.sampleRows === 0,
      'a look at every row for personal data; set data.checks.personalData.sampleRows',
    ],
    [
      sourceColumn?.type === 'number' || sourceColumn?.type === 'timestamp',
      `sources told by a column of type ${sourceColumn?.type}`,
    ],
    ...checks.patterns.map(({ pattern }): [boolean, string] => [
      !isPortablePattern(pattern),
      `the pattern ${pattern}, which means something else in Java's expressions`,
    ]),
  ];
  return found.flatMap(([isBeyond, what]) => (isBeyond ? [what] : []));
}
