import type { DuckDBConnection } from '@duckdb/node-api';
import * as z from 'zod';
import { type CellSql, textCell, typedCell } from './cell-sql.ts';
import type { Column } from './columns.ts';
import type { Unreadable } from './csv-scanner.ts';
import { quoteText, select } from './database.duckdb.ts';
import { lyingFooter } from './lying-footer.duckdb.ts';
import {
  missingColumns,
  mostColumns,
  repeatedName,
  type StagedFile,
  type StageLimits,
} from './stage-file.ts';

/** A table in SQL with the line of each row, and how each column's cells are read from it. */
export interface SourceTable {
  from: string;
  cells: CellSql[];
  ignored: string[];
  /** Columns nobody reads, as far as their cells can be looked at: names and keys in SQL. */
  unread: { name: string; key: string }[];
}

/** The rows of a staged file, every cell a text: nothing is detected, nothing padded, nothing skipped. */
export function stagedTable(
  staged: StagedFile,
  columns: readonly Column[],
  maxLineBytes: number,
): SourceTable {
  const layout = ['line', ...staged.layout.map((key, place) => key ?? `ignored${place}`)];
  const types = layout.map((key) => `'${key}': '${key === 'line' ? 'BIGINT' : 'VARCHAR'}'`).join(', ');
  // Quoting and the line number make a staged record longer than its line.
  const longest = 2 * maxLineBytes + 100;
  const options = [
    'auto_detect = false',
    'header = false',
    `columns = {${types}}`,
    `delim = ','`,
    `quote = '"'`,
    `escape = '"'`,
    `comment = ''`,
    `new_line = '\\n'`,
    `nullstr = ''`,
    'allow_quoted_nulls = true',
    'strict_mode = true',
    'null_padding = false',
    'ignore_errors = false',
    // Where no cell is quoted every line feed ends a record, from wherever a thread begins to read.
    `parallel = ${!staged.isQuoted}`,
    `encoding = 'utf-8'`,
    `compression = 'none'`,
    `max_line_size = ${longest}`,
    `buffer_size = ${4 * longest}`,
  ];
  const isJson = layout.includes('mistyped');
  return {
    from: `read_csv(${quoteText(staged.path)}, ${options.join(', ')})`,
    cells: columns.map((column) =>
      staged.layout.includes(column.key)
        ? // Keys are letters and digits, parted by blanks.
          textCell(
            column,
            isJson ? `coalesce(contains(' ' || mistyped || ' ', ' ${column.key} '), false)` : 'false',
          )
        : absentCell,
    ),
    ignored: staged.ignored,
    unread: unreadOf(
      staged.ignored,
      layout.filter((key) => /^ignored\d+$/.test(key)),
    ),
  };
}

/** Both lists follow the order of the file. */
function unreadOf(names: readonly string[], keys: readonly string[]): SourceTable['unread'] {
  return names.flatMap((name, place) => {
    const key = keys[place];
    return key === undefined ? [] : [{ name, key }];
  });
}

const keptIgnored = 100;

/** What DuckDB calls the number of a row. */
const rowNumber = 'file_row_number';

/** Of a column that the file does not have, and need not. */
const absentCell: CellSql = {
  shown: 'CAST(NULL AS VARCHAR)',
  value: 'NULL',
  rule: () => 'CAST(NULL AS VARCHAR)',
};

/** The rows of a Parquet file by its own schema, or why they cannot be used. Lines are row numbers. */
export async function parquetTable(
  connection: DuckDBConnection,
  path: string,
  columns: readonly Column[],
  limits: StageLimits,
): Promise<SourceTable | Unreadable> {
  const refuse = (message: string): Unreadable => ({ line: 0, message });
  const file = `read_parquet(${quoteText(path)}, file_row_number = true)`;
  const names = await select(
    connection,
    `SELECT name, num_children AS children FROM parquet_schema(${quoteText(path)})`,
    z.object({ name: z.string(), children: z.number().nullable() }),
  );
  const top = topLevel(names);
  const reserved = top.find((name) => name.toLowerCase() === rowNumber);
  if (reserved !== undefined) return refuse(`no column may be called ${reserved}; rename it`);
  const described = await select(
    connection,
    `DESCRIBE SELECT * FROM ${file}`,
    z.object({ column_type: z.string() }),
  );
  // The row number comes last.
  const types = described.map((column) => column.column_type).slice(0, -1);
  if (top.length !== types.length) return refuse('the columns of the file cannot be told apart');
  if (top.length > mostColumns) {
    return refuse(
      `the file has ${top.length} columns; at most ${mostColumns} are read: leave out what the model does not`,
    );
  }
  const twice = repeatedName(top);
  if (twice !== undefined) return refuse(`column ${JSON.stringify(twice)} is in the file twice`);
  const missing = columns
    .filter(({ name, mayBeAbsent }) => !mayBeAbsent && !top.includes(name))
    .map(({ name }) => name);
  if (missing.length > 0) return refuse(missingColumns(missing, top));

  const [size] = await select(
    connection,
    `SELECT (SELECT sum(num_rows) FROM parquet_file_metadata(${quoteText(path)})) AS rows,
            (SELECT sum(total_uncompressed_size) FROM parquet_metadata(${quoteText(path)})) AS bytes`,
    z.object({ rows: z.number().nullable(), bytes: z.number().nullable() }),
  );
  if ((size?.rows ?? 0) > limits.maxRows) {
    return refuse(`the file has ${size?.rows} rows; at most ${limits.maxRows} may be`);
  }
  if ((size?.bytes ?? 0) > limits.maxDecodedBytes) {
    return refuse(`the file unpacks to ${size?.bytes} bytes; at most ${limits.maxDecodedBytes} may be`);
  }

  const lie = await lyingFooter(connection, path, columns, size?.rows ?? 0);
  if (lie !== null) return refuse(`the Parquet file is damaged: ${lie}; write it again`);

  const cells: CellSql[] = [];
  for (const column of columns) {
    if (!top.includes(column.name)) {
      cells.push(absentCell);
      continue;
    }
    const type = types[top.indexOf(column.name)] ?? '';
    const cell = typedCell(column, type);
    if (!cell) {
      return refuse(`column ${column.name} is ${type} in the file; ${neededType(column)} is needed`);
    }
    cells.push(cell);
  }
  const keys = top.map(
    (name, place) => columns.find((column) => column.name === name)?.key ?? `ignored${place}`,
  );
  return {
    from: `(SELECT file_row_number + 1 AS line, * EXCLUDE (file_row_number) FROM ${file} AS source(${[...keys, 'file_row_number'].join(', ')}))`,
    cells,
    ignored: top.filter((name) => !columns.some((column) => column.name === name)).slice(0, keptIgnored),
    unread: top.flatMap((name, place) => {
      const key = keys[place] ?? '';
      return /^ignored\d+$/.test(key) && types[place] === 'VARCHAR' ? [{ name, key }] : [];
    }),
  };
}

/** Names of the outermost columns: the schema lists a tree, parents first. */
function topLevel(nodes: { name: string; children: number | null }[]): string[] {
  const found: string[] = [];
  let place = 1;
  const skip = (): void => {
    let left = nodes[place++]?.children ?? 0;
    while (left-- > 0) skip();
  };
  while (place < nodes.length) {
    found.push(nodes[place]?.name ?? '');
    skip();
  }
  return found;
}

function neededType({ type, role }: Column): string {
  if (role === 'identity') return 'a plain value';
  if (type === 'number') return 'a number';
  if (type === 'integer') return 'a whole number';
  if (type === 'timestamp') return 'a timestamp';
  return type === 'boolean' ? 'a boolean' : 'text';
}
