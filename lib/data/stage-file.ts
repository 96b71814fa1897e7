import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { RecognisedFormat } from '../model/source-format.ts';
import type { Column } from './columns.ts';
import { CsvScanner, type Unreadable } from './csv-scanner.ts';
import { keptQuarantine } from './dataset.ts';
import { readJsonRow } from './json-rows.ts';
import { LineScanner } from './line-scanner.ts';

export interface StageLimits {
  maxDecodedBytes: number;
  maxLineBytes: number;
  maxRows: number;
  /** Broken lines kept with their reason; all are counted. */
  keptBroken: number;
}

/** What a file may be, for as many bytes as are read. */
export function stageLimits(maxDecodedBytes: number): StageLimits {
  return { maxDecodedBytes, maxLineBytes: 1 << 20, maxRows: 50_000_000, keptBroken: keptQuarantine };
}

/**
 * A file of sound CSV records, each with the line it came from in front, for a strict reader to load.
 * Rows that could not be cut into cells are not in it.
 */
export interface StagedFile {
  path: string;
  /** The columns after the line number: a column's key, `mistyped`, or null for one nobody reads. */
  layout: (string | null)[];
  rows: number;
  /** Whether any cell may stand in quotes. */
  isQuoted: boolean;
  broken: { count: number; first: Unreadable[] };
  /** Columns the file has and the model does not read, at most 100 names. */
  ignored: string[];
  failure: Unreadable | null;
}

interface Scanner {
  push(chunk: Buffer): void;
  end(): void;
  readonly failure: Unreadable | null;
}

const keptIgnored = 100;

/** A line may hold half a million; what reads them takes time and memory for each. */
export const mostColumns = 20_000;

/** Turns CSV or JSON lines, plain or gzip, into a staged file at `to`. */
export async function stageFile(
  from: string,
  to: string,
  { format, isGzip }: RecognisedFormat,
  columns: readonly Column[],
  limits: StageLimits,
  onRead: (share: number) => void = () => {},
): Promise<StagedFile> {
  const staged: StagedFile = {
    path: to,
    layout: [],
    rows: 0,
    isQuoted: format !== 'csv',
    broken: { count: 0, first: [] },
    ignored: [],
    failure: null,
  };
  const writer = new RecordWriter(await open(to, 'w'));
  try {
    const scanner =
      format === 'csv'
        ? csvScanner(staged, writer, columns, limits)
        : jsonScanner(staged, writer, columns, limits);
    staged.failure = await pump(from, isGzip, scanner, staged, writer, limits, onRead);
  } finally {
    await writer.close();
  }
  return staged;
}

async function pump(
  from: string,
  isGzip: boolean,
  scanner: Scanner,
  staged: StagedFile,
  writer: RecordWriter,
  limits: StageLimits,
  onRead: (share: number) => void,
): Promise<Unreadable | null> {
  const { size } = await stat(from);
  const file = createReadStream(from, { highWaterMark: 1 << 18 });
  const stream = isGzip ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => stream.destroy(error));
  let decoded = 0;
  try {
    for await (const chunk of stream) {
      decoded += chunk.length;
      if (decoded > limits.maxDecodedBytes) {
        return { line: 0, message: `the text is longer than the limit of ${limits.maxDecodedBytes} bytes` };
      }
      scanner.push(chunk);
      if (scanner.failure) return scanner.failure;
      if (staged.rows + staged.broken.count > limits.maxRows) {
        return { line: 0, message: `the file has more rows than the limit of ${limits.maxRows}` };
      }
      await writer.flushWhenLarge();
      onRead(size === 0 ? 1 : file.bytesRead / size);
    }
  } catch (thrown) {
    const damaged = damagedGzip(thrown);
    if (!damaged) throw thrown;
    return damaged;
  } finally {
    stream.destroy();
    file.destroy();
  }
  scanner.end();
  return scanner.failure;
}

/** Why a gzip file cannot be read, or null when it failed for another reason. */
export function damagedGzip(thrown: unknown): Unreadable | null {
  if (!(thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('Z_'))) return null;
  return { line: 0, message: `the gzip file is damaged or cut off (${thrown.message})` };
}

function countBroken(staged: StagedFile, limits: StageLimits, line: number, message: string): void {
  staged.broken.count++;
  if (staged.broken.first.length < limits.keptBroken) staged.broken.first.push({ line, message });
}

function csvScanner(
  staged: StagedFile,
  writer: RecordWriter,
  columns: readonly Column[],
  limits: StageLimits,
): Scanner {
  return new CsvScanner(
    {
      header(written) {
        const laid = layOut(written, columns);
        if (typeof laid === 'string') return laid;
        Object.assign(staged, laid);
        return null;
      },
      record(bytes, line, isQuoted) {
        staged.rows++;
        staged.isQuoted ||= isQuoted;
        writer.add(line, bytes);
      },
      broken: (line, message) => countBroken(staged, limits, line, message),
    },
    limits.maxLineBytes,
  );
}

/** Which column of a header is whose, or why the file cannot be used. */
export function layOut(
  written: readonly string[],
  columns: readonly Column[],
): Pick<StagedFile, 'layout' | 'ignored'> | string {
  const keys = new Map(columns.map((column) => [column.name, column.key]));
  if (written.length > mostColumns) {
    return `the header has ${written.length} columns; at most ${mostColumns} are read: leave out what the model does not`;
  }
  const names = written.map((name) => (keys.has(name) ? name : name.trim()));
  const twice = repeatedName(names);
  if (twice !== undefined) return `column ${JSON.stringify(twice)} is in the header twice`;
  const missing = columns
    .filter((column) => !column.mayBeAbsent && !names.includes(column.name))
    .map((column) => column.name);
  if (missing.length > 0) return missingColumns(missing, names);
  return {
    layout: names.map((name) => keys.get(name) ?? null),
    ignored: names.filter((name) => !keys.has(name)).slice(0, keptIgnored),
  };
}

/** The first name that stands there before; cells without a name may be many. */
export function repeatedName(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => {
    const isRepeated = name !== '' && seen.has(name);
    seen.add(name);
    return isRepeated;
  });
}

/** Says which columns are not there; a header in one piece was most likely separated by something else. */
export function missingColumns(missing: readonly string[], present: readonly string[]): string {
  const list = missing.map((name) => JSON.stringify(name)).join(', ');
  const sentence = `${missing.length === 1 ? 'column' : 'columns'} ${list} ${missing.length === 1 ? 'is' : 'are'} missing`;
  const [only] = present;
  if (present.length === 1 && only !== undefined && /[;\t|]/.test(only)) {
    return `${sentence}; the header holds no comma: separate cells by commas`;
  }
  return `${sentence}; the file has ${present
    .slice(0, 20)
    .map((name) => JSON.stringify(name))
    .join(', ')}${present.length > 20 ? ' …' : ''}`;
}

function jsonScanner(
  staged: StagedFile,
  writer: RecordWriter,
  columns: readonly Column[],
  limits: StageLimits,
): Scanner {
  const keys = new Map(columns.map((column) => [column.name, column.key]));
  const present = new Set<string>();
  const ignored = new Set<string>();
  staged.layout = ['mistyped', ...columns.map((column) => column.key)];
  const lines = new LineScanner((text, line) => {
    if (line === 1 && text.startsWith('[')) return 'the file is a JSON array; write one object on each line';
    const row = readJsonRow(text, columns);
    if (typeof row === 'string') {
      countBroken(staged, limits, line, row);
      return null;
    }
    staged.rows++;
    for (const name of row.names) {
      if (keys.has(name)) present.add(name);
      else if (ignored.size < keptIgnored) ignored.add(name);
    }
    writer.add(line, Buffer.from([row.mistyped.join(' '), ...row.cells].map(csvCell).join(',')));
    return null;
  }, limits.maxLineBytes);
  let failure: Unreadable | null = null;
  return {
    push: (chunk) => lines.push(chunk),
    end() {
      lines.end();
      staged.ignored = [...ignored];
      const missing = columns
        .filter(({ name, mayBeAbsent }) => !mayBeAbsent && !present.has(name))
        .map(({ name }) => name);
      if (staged.rows + staged.broken.count === 0) failure = { line: 0, message: 'the file is empty' };
      else if (staged.rows > 0 && missing.length > 0) {
        failure = { line: 0, message: missingColumns(missing, [...present, ...ignored]) };
      }
    },
    get failure() {
      return lines.failure ?? failure;
    },
  };
}

function csvCell(text: string | null): string {
  return text === null ? '' : `"${text.replaceAll('"', '""')}"`;
}

/** Gathers records and writes them in large pieces. */
class RecordWriter {
  readonly #file: FileHandle;
  #parts: Uint8Array[] = [];
  #size = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  add(line: number, record: Uint8Array): void {
    const prefix = Buffer.from(`${line},`);
    this.#parts.push(prefix, record, lineEnd);
    this.#size += prefix.length + record.length + 1;
  }

  async flushWhenLarge(): Promise<void> {
    if (this.#size > 1 << 20) await this.#flush();
  }

  async close(): Promise<void> {
    await this.#flush();
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    if (this.#size === 0) return;
    const whole = Buffer.concat(this.#parts, this.#size);
    this.#parts = [];
    this.#size = 0;
    await this.#file.writeFile(whole);
  }
}

const lineEnd = Buffer.from('\n');
