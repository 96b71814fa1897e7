import { existsSync } from 'node:fs';
import { formatOf, suffixesFor } from '../model/source-format.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { Column } from './columns.ts';
import { type CountedFile, type Counting, countFile } from './count-file.duckdb.ts';
import { withFiles } from './database.duckdb.ts';
import { stageLimits } from './stage-file.ts';

/** A bound on what a small file may unpack to, and what counting may take before it goes on on disk. */
const limits = stageLimits(2 ** 37);
const memoryLimit = '2GB';

/**
 * Counts a file of this machine, of any format that uploads may have.
 *
 * @throws EvergreenError `file-unreadable` when it is not there, or is no table with these columns.
 */
export async function countLocalFile(
  file: string,
  columns: readonly Column[],
  counting: Omit<Counting, 'limits'>,
): Promise<CountedFile> {
  if (!existsSync(file)) throw new EvergreenError('file-unreadable', `${file} is not there; name a file`);
  const recognised = formatOf(file);
  if (!recognised) {
    const suffixes = suffixesFor(['csv', 'jsonl', 'parquet']).join(', ');
    throw new EvergreenError(
      'file-unreadable',
      `the name ${file} does not end as it should; use one of ${suffixes}`,
    );
  }
  const counted = await withFiles([file], memoryLimit, (workspace) =>
    countFile(workspace, file, recognised, columns, { ...counting, limits }),
  );
  if ('message' in counted) {
    const line = counted.line > 0 ? `line ${counted.line}: ` : '';
    throw new EvergreenError('file-unreadable', `${file} cannot be read: ${line}${counted.message}`);
  }
  return counted;
}
