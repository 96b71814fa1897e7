import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileRowChecks } from '../../lib/data/checks/row-checks.ts';
import { columnsOf } from '../../lib/data/columns.ts';
import { withWorkspace } from '../../lib/data/database.duckdb.ts';
import { readTable } from '../../lib/data/examine.duckdb.ts';
import { stageLimits } from '../../lib/data/stage-file.ts';
import { definition } from './definition.ts';

/*
 * The gate's reading and checks alone, bad rows kept with what is wrong in them.
 *
 *     node bench/data/checks.ts <file>
 */

const [file = ''] = process.argv.slice(2);
const columns = columnsOf(definition);
const counts = await withWorkspace('1GB', async (workspace) => {
  const path = join(workspace.folder, 'upload');
  await copyFile(file, path);
  const table = await readTable(
    workspace,
    path,
    { format: 'csv', isGzip: false },
    columns,
    stageLimits(2 ** 40),
    { rowChecks: compileRowChecks(definition.data, columns), onProgress: undefined, hashKey: undefined },
  );
  if ('message' in table) throw new Error(table.message);
  const found: Record<string, number> = { shape: table.broken.count };
  for (const { rule, count } of table.rows.problems) found[rule] = (found[rule] ?? 0) + count;
  return found;
});
process.stdout.write(`${JSON.stringify({ counts })}\n`);
