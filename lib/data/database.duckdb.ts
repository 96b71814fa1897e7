import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import {
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBType,
  VARCHAR,
} from '@duckdb/node-api';
import * as z from 'zod';

/** A connection with its own temporary tables and a folder, the only place it may read and write. */
export interface Workspace {
  connection: DuckDBConnection;
  folder: string;
}

/** 256 MB to 100 GB, as DuckDB writes sizes. */
export const memoryLimit = z.string().regex(/^\d{1,6}(MB|GB)$/);

const instances = new Map<string, Promise<Opened>>();

/**
 * Runs work on DuckDB, then removes its tables and files.
 *
 * One instance for each memory limit serves a process: making one takes longer than checking a small file. It reaches
 * nothing but its own folder, and its settings cannot be changed by a statement.
 */
export async function withWorkspace<Result>(
  memory: string,
  work: (workspace: Workspace) => Promise<Result>,
): Promise<Result> {
  let opening = instances.get(memory);
  if (!opening) {
    opening = openInstance(memory);
    instances.set(memory, opening);
    opening.catch(() => instances.delete(memory));
  }
  return workOn(await opening, work);
}

/** The same on an instance of its own, which may read some files of this machine beside its folder. */
export async function withFiles<Result>(
  files: readonly string[],
  memory: string,
  work: (workspace: Workspace) => Promise<Result>,
): Promise<Result> {
  const opened = await openInstance(memory, files);
  try {
    return await workOn(opened, work);
  } finally {
    opened.instance.closeSync();
  }
}

interface Opened {
  instance: DuckDBInstance;
  root: string;
}

async function workOn<Result>(
  { instance, root }: Opened,
  work: (workspace: Workspace) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(root, 'work-'));
  try {
    const connection = await instance.connect();
    try {
      return await work({ connection, folder });
    } finally {
      connection.closeSync();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

let opened = 0;

/** Each needs memory of its own. */
const mostThreads = 4;

async function openInstance(memory: string, files: readonly string[] = []): Promise<Opened> {
  const root = join(await realpath(tmpdir()), `evergreen-data-${userInfo().uid}`);
  await mkdir(root, { recursive: true, mode: 0o700 });
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: memory,
    threads: String(Math.min(mostThreads, availableParallelism())),
    // Made when memory runs short, removed with the instance.
    temp_directory: join(root, `spill-${process.pid}-${opened++}`),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  await connection.run(`SET allowed_directories = [${quoteText(root)}]`);
  if (files.length > 0) {
    const paths = await Promise.all(files.map((file) => realpath(resolve(file))));
    await connection.run(`SET allowed_paths = [${paths.map(quoteText).join(', ')}]`);
  }
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
  connection.closeSync();
  return { instance, root };
}

/**
 * The rows of a table in its order, one after the other, each with its `turn`: sums of floating-point numbers depend on
 * the order, and several threads would add them in another one each time. A query must ask for a turn, such as the
 * greatest, or the database passes over the order.
 */
export function inTurn(from: string): string {
  return `(SELECT *, row_number() OVER () AS turn FROM ${from})`;
}

/** Types of parameters. Left to itself the driver takes whole numbers for BIGINT, which ends at 2^63. */
export function parameterTypes(values: readonly (string | number | boolean)[]): DuckDBType[] {
  return values.map((value) =>
    typeof value === 'string' ? VARCHAR : typeof value === 'number' ? DOUBLE : BOOLEAN,
  );
}

/** Runs a query and checks each row; whole numbers come back as JavaScript numbers. */
export async function select<Schema extends z.ZodType>(
  connection: DuckDBConnection,
  sql: string,
  schema: Schema,
): Promise<z.infer<Schema>[]> {
  const reader = await connection.runAndReadAll(sql);
  return z.array(schema).parse(reader.getRowObjectsJS().map(withNumbers));
}

function withNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(withNumbers);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withNumbers(member)]));
  }
  return value;
}

/** A name in SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text in SQL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * A text column as it is stored. The driver takes a leading U+FEFF for a byte order mark and drops it; with a second
 * one in front the text arrives whole.
 */
export function wholeText(expression: string): string {
  return `CASE WHEN starts_with(${expression}, chr(65279)) THEN chr(65279) || ${expression} ELSE ${expression} END`;
}
