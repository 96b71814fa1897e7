import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BIGINT, DOUBLE, type DuckDBConnection, DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';
import * as z from 'zod';
import { sqlTypes } from '../../data/cell-sql.ts';
import type { Column } from '../../data/columns.ts';
import { quoteName, quoteText, select, wholeText, withWorkspace } from '../../data/database.duckdb.ts';
import type { Signature } from '../../model/signature.ts';
import { type PartRow, partRow, type RowAnswer } from './answer-rows.ts';

export interface PartToAnswer {
  /** As planning cut it. */
  rows: Uint8Array;
  columns: readonly Column[];
  outputs: Signature['outputs'];
  batchId: string;
  answer(rows: PartRow[]): Promise<RowAnswer[]>;
}

/** Rows held in memory as objects. */
const rowsAtOnce = 2048;

/**
 * Answers a part.
 *
 * @param memory As DuckDB writes sizes.
 * @returns The answers as Parquet, in the order of the rows; the same part gives the same bytes. Its columns are row
 *   (from 0), the columns that identify, prediction_id, label and scores or value, and error.
 */
export async function answerPart(
  memory: string,
  part: PartToAnswer,
): Promise<{ bytes: Uint8Array; refused: number }> {
  return withWorkspace(memory, async ({ connection, folder }) => {
    const [from, to] = [join(folder, 'rows.parquet'), join(folder, 'answers.parquet')];
    await writeFile(from, part.rows);
    await connection.run(`CREATE TEMP TABLE part AS FROM read_parquet(${quoteText(from)})`);
    await connection.run(`CREATE TEMP TABLE answers (${answerColumns(part.outputs).join(', ')})`);
    const [span] = await select(
      connection,
      'SELECT min(row) AS first, max(row) AS last FROM part',
      z.object({ first: z.number(), last: z.number() }),
    );
    let refused = 0;
    for (let first = span?.first ?? 0; first <= (span?.last ?? -1); first += rowsAtOnce) {
      const answers = await part.answer(await readRows(connection, part.columns, first));
      refused += answers.filter((answer) => 'error' in answer).length;
      await appendAnswers(connection, part.outputs, answers);
    }
    await connection.run(
      `COPY (SELECT ${resultColumns(part).join(', ')} FROM answers JOIN part USING (row) ORDER BY row)
       TO ${quoteText(to)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    return { bytes: await readFile(to), refused };
  });
}

async function readRows(
  connection: DuckDBConnection,
  columns: readonly Column[],
  first: number,
): Promise<PartRow[]> {
  const values = columns.map(({ type }, place) =>
    sqlTypes[type] === 'VARCHAR' ? `${wholeText(`v${place}`)} AS v${place}` : `v${place}`,
  );
  const found = await select(
    connection,
    `SELECT row, line, rules, shown, fault, ${values.join(', ')}
     FROM part WHERE row >= ${first} AND row < ${first + rowsAtOnce} ORDER BY row`,
    z.record(z.string(), z.unknown()),
  );
  return z
    .array(partRow)
    .parse(found.map((each) => ({ ...each, cells: columns.map((_, place) => each[`v${place}`]) })));
}

const scoreColumns = (classes: readonly string[]) => classes.map((_, place) => `s${place}`);

function answerColumns(outputs: Signature['outputs']): string[] {
  const answer =
    'value' in outputs
      ? ['value DOUBLE']
      : ['label VARCHAR', ...scoreColumns(outputs.classes).map((name) => `${name} DOUBLE`)];
  return ['row BIGINT', 'error VARCHAR', ...answer];
}

async function appendAnswers(
  connection: DuckDBConnection,
  outputs: Signature['outputs'],
  answers: readonly RowAnswer[],
): Promise<void> {
  const predictions = answers.map((answer) => ('prediction' in answer ? answer.prediction : undefined));
  const labelled = predictions.map((prediction) =>
    prediction && 'label' in prediction ? prediction : undefined,
  );
  const columns =
    'value' in outputs
      ? [predictions.map((prediction) => (prediction && 'value' in prediction ? prediction.value : null))]
      : [
          labelled.map((prediction) => prediction?.label ?? null),
          ...outputs.classes.map((name) => labelled.map((prediction) => prediction?.scores?.[name] ?? null)),
        ];
  const types = 'value' in outputs ? [DOUBLE] : [VARCHAR, ...outputs.classes.map(() => DOUBLE)];
  const chunk = DuckDBDataChunk.create([BIGINT, VARCHAR, ...types], answers.length);
  chunk.setColumns([
    answers.map(({ row }) => BigInt(row)),
    answers.map((answer) => ('error' in answer ? answer.error : null)),
    ...columns,
  ]);
  const appender = await connection.createAppender('answers');
  appender.appendDataChunk(chunk);
  appender.closeSync();
}

/** The names of our own columns; a column that identifies and is called so gets a name that says where it is from. */
const ownColumns = ['row', 'prediction_id', 'label', 'scores', 'value', 'error'];
const idColumn = (name: string) => (ownColumns.includes(name.toLowerCase()) ? `input_${name}` : name);

function resultColumns({ columns, outputs, batchId }: PartToAnswer): string[] {
  const ids = columns.flatMap(({ name, identifies }, place) =>
    identifies ? [`v${place} AS ${quoteName(idColumn(name))}`] : [],
  );
  const answer =
    'value' in outputs
      ? ['value']
      : [
          'label',
          // A map: classes may differ in case alone, which the fields of a struct may not.
          `CASE WHEN s0 IS NOT NULL THEN map([${outputs.classes.map(quoteText).join(', ')}], [${scoreColumns(outputs.classes).join(', ')}]) END AS scores`,
        ];
  return [
    'row',
    ...ids,
    `CASE WHEN error IS NULL THEN ${quoteText(`${batchId}-`)} || row END AS prediction_id`,
    ...answer,
    'error',
  ];
}
