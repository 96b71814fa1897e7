import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  const columns = dataColumns(columnsOf(definition));
  const cells = columns.map(({ name, type }) => {
    const quoted = quoteName(name);
    return sqlTypes[type] === 'VARCHAR' ? `${wholeText(quoted)} AS ${quoted}` : quoted;
  });
  return withWorkspace(memory, async ({ connection, folder }) => {
    const path = join(folder, 'rows.parquet');
    await writeFile(path, bytes);
    try {
      return await select(
        connection,
        `SELECT ${cells.join(', ')} FROM read_parquet(${quoteText(path)})`,
        z.strictObject(Object.fromEntries(columns.map(({ name }) => [name, cell]))),
      );
    } catch (thrown) {
      const [fault = ''] = messageOf(thrown).split('\n');
      throw new EvergreenError(
        'artifact-damaged',
        `the rows of model ${definition.name} cannot be read: ${fault.replaceAll(path, 'the file')}`,
        { cause: thrown },
      );
    }
  });
}
