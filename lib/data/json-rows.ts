import type { Column } from './columns.ts';

/** One line of JSON as texts of cells, in the order of the columns; null is missing. */
export interface JsonCells {
  cells: (string | null)[];
  /** Keys of columns whose cell has another JSON type than the column. */
  mistyped: string[];
  /** All names of the object. */
  names: string[];
}

/**
 * Reads one line of JSON; a text says why it is no row.
 *
 * Values keep their JSON type: `"5.1"` is not a number and `1` is not a category.
 */
export function readJsonRow(line: string, columns: readonly Column[]): JsonCells | string {
  try {
    return readCells(line, columns);
  } catch (thrown) {
    // What was read is written again level by level, and the stack ends before a line of a mebibyte does.
    if (thrown instanceof RangeError) return 'holds lists or objects that are too deep';
    throw thrown;
  }
}

function readCells(line: string, columns: readonly Column[]): JsonCells | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return 'is not JSON';
  }
  if (!isObject(parsed)) return 'is JSON, but not an object with a value for each column';
  const names = Object.keys(parsed);
  if (topLevelMembers(line) !== names.length) return 'names a column twice';

  const mistyped: string[] = [];
  const cells = columns.map((column) => {
    const value = Object.hasOwn(parsed, column.name) ? parsed[column.name] : null;
    if (value === null || value === '') return null;
    if (!fits(value, column)) mistyped.push(column.key);
    return textOf(value, column.name, line);
  });
  if (cells.some((text) => text?.includes('\0') || text?.isWellFormed() === false)) {
    return 'holds a zero byte or half a surrogate pair';
  }
  return { cells, mistyped, names };
}

/** A schema's record would leave out `__proto__`, which a file may well have as a column. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fits(value: unknown, column: Column): boolean {
  if (column.role === 'identity') return typeof value === 'string' || typeof value === 'number';
  if (column.type === 'number' || column.type === 'integer') {
    return typeof value === 'number' || (typeof value === 'string' && column.units !== undefined);
  }
  if (column.type === 'boolean') return typeof value === 'boolean';
  return typeof value === 'string';
}

function textOf(value: unknown, name: string, line: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)) {
    return writtenNumber(line, name) ?? String(value);
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A number beyond what a double holds exactly, as it stood in the line. */
function writtenNumber(line: string, name: string): string | undefined {
  const written = new Map<unknown, string | undefined>();
  const outermost: unknown = JSON.parse(
    line,
    function (this: unknown, key: string, value: unknown, context?: { source?: string }) {
      // Inner objects may have the same name: remember whose it is.
      if (key === name && typeof value === 'number') written.set(this, context?.source);
      return value;
    },
  );
  return written.get(outermost);
}

/** How many names the outermost object writes: more than it has means that one came twice. The line is valid JSON. */
function topLevelMembers(line: string): number {
  let members = 0;
  let depth = 0;
  for (let i = 0; i < line.length; i++) {
    const character = line[i];
    if (character === '"') {
      i++;
      while (line[i] !== '"') i += line[i] === '\\' ? 2 : 1;
    } else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === ':' && depth === 1) members++;
  }
  return members;
}
