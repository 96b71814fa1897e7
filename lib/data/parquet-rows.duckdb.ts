import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import type { ModelDefinition } from '../model/definition.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { sqlTypes } from './cell-sql.ts';
import { columnsOf, dataColumns } from './columns.ts';
import { quoteName, quoteText, select, wholeText, withWorkspace } from './database.duckdb.ts';
import { cell, type Row } from './dataset.ts';

const defaultMemoryLimit = '1GB';

/**
 * The rows of a train.parquet or test.parquet, in their order: features and target by name, missing as null.
 *
 * @param parquet The file's path or its bytes.
 * @throws EvergreenError `artifact-damaged` when it is not a file that validation wrote for this definition.
 */
export async function readRows(
  parquet: string | Uint8Array,
  definition: ModelDefinition,
  memory = defaultMemoryLimit,
): Promise<Row[]> {
  const bytes = typeof parquet === 'string' ? await readFile(parquet) : parquet;
  return withWorkspace(memory, async ({ connection, folder }) => {
    const path = join(folder, 'rows.parquet');
    await writeFile(path, bytes);
    return readingRows(path, definition, () =>
      selectRows(connection, `read_parquet(${quoteText(path)})`, definition),
    );
  });
}

/** Rows of a query over a file of a dataset. */
export async function selectRows(
  connection: DuckDBConnection,
  from: string,
  definition: ModelDefinition,
): Promise<Row[]> {
  const columns = dataColumns(columnsOf(definition));
  const cells = columns.map(({ name, type }) => {
    const quoted = quoteName(name);
    return sqlTypes[type] === 'VARCHAR' ? `${wholeText(quoted)} AS ${quoted}` : quoted;
  });
  return select(
    connection,
    `SELECT ${cells.join(', ')} FROM ${from}`,
    z.strictObject(Object.fromEntries(columns.map(({ name }) => [name, cell]))),
  );
}

/** @throws EvergreenError `artifact-damaged` when the file cannot be read. */
export async function readingRows<Result>(
  path: string,
  { name }: ModelDefinition,
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (thrown) {
    const [fault = ''] = messageOf(thrown).split('\n');
    throw new EvergreenError(
      'artifact-damaged',
      `the rows of model ${name} cannot be read: ${fault.replaceAll(path, 'the file')}`,
      { cause: thrown },
    );
  }
}
