import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import * as z from 'zod';
import { type Row, row } from '../data/dataset.ts';
import { parseCsv } from '../shared/csv-text.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';

/** A file named on the command line. @throws EvergreenError `file-unreadable`. */
export function readNamedFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw new EvergreenError('file-unreadable', `cannot read ${path}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** Rows of a request from JSON text: one object, a list of objects, or `{"rows": [...]}`. */
export function rowsFromJson(text: string, where: string): Row[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new EvergreenError('file-unreadable', `${where} is not JSON: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  const wrapped = z.object({ rows: z.array(z.unknown()) }).safeParse(value);
  const given = wrapped.success ? wrapped.data.rows : Array.isArray(value) ? value : [value];
  const parsed = row.array().min(1).safeParse(given);
  if (parsed.success) return parsed.data;
  throw new EvergreenError(
    'file-unreadable',
    `${where} holds no rows: give an object of feature values, or a list of them`,
  );
}

/** A cell as the API takes it: numbers and booleans by their look, nothing at all as missing. */
function cellOf(text: string): Row[string] {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(trimmed)) return Number(trimmed);
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  return text;
}

/** Rows of a CSV file; the first line names the columns. */
export function rowsFromCsv(text: string, where: string): Row[] {
  const parsed = parseCsv(text);
  if ('brokenLine' in parsed) {
    throw new EvergreenError(
      'file-unreadable',
      `${where}, line ${parsed.brokenLine}: a quote is not closed, or stands inside a cell`,
    );
  }
  const [header, ...records] = parsed;
  if (!header || records.length === 0) {
    throw new EvergreenError('file-unreadable', `${where} holds no rows below its header`);
  }
  return records.map((cells, index) => {
    if (cells.length !== header.length) {
      throw new EvergreenError(
        'file-unreadable',
        `${where}: row ${index + 1} has ${cells.length} cells, the header has ${header.length}`,
      );
    }
    return Object.fromEntries(header.map((name, column) => [name.trim(), cellOf(cells[column] ?? '')]));
  });
}

/** Rows of a file by its ending: .csv, .jsonl or .ndjson, .json. */
export function rowsFromFile(path: string): Row[] {
  const text = readNamedFile(path).toString('utf8');
  switch (extname(path).toLowerCase()) {
    case '.csv':
      return rowsFromCsv(text, path);
    case '.jsonl':
    case '.ndjson':
      return text
        .split('\n')
        .flatMap((line, index) =>
          line.trim() === '' ? [] : rowsFromJson(line, `${path}, line ${index + 1}`),
        );
    case '.json':
      return rowsFromJson(text, path);
    default:
      throw new EvergreenError('file-unreadable', `${path} must end in .csv, .jsonl or .json`);
  }
}

export function chunksOf<Item>(items: Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
