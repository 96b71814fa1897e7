import type { ModelDefinition } from '../model/definition.ts';
import { type Column, columnsOf, dataColumns } from './columns.ts';
import type { Cell, ColumnProfile, DatasetProfile, Row } from './dataset.ts';

export const keptCategories = 100;
/** Inner edges lie at these tenths of the sorted values. */
export const tenths = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

/** Which of the three shapes of profile a column has. */
export function profileKind({ type }: Pick<Column, 'type'>): ColumnProfile['type'] {
  if (type === 'number' || type === 'integer') return 'numeric';
  return type === 'text' ? 'text' : 'categorical';
}

/**
 * Inner edges of the bins from the deciles of the values, each a value that occurs.
 *
 * Repeated deciles give fewer bins. A constant gets an edge just below it too, so that a later value on either side
 * falls into a bin that is empty now.
 */
export function edgesOf(deciles: readonly number[]): number[] {
  const edges = [...new Set(deciles)];
  const [only] = edges;
  if (edges.length === 1 && only !== undefined) return [nextBelow(only), only];
  return edges;
}

function nextBelow(value: number): number {
  return value - Math.max(Math.abs(value) * Number.EPSILON, Number.MIN_VALUE);
}

/** The values at each tenth: the least with at least that share of all values at or below it. */
export function decilesOf(sorted: ArrayLike<number>): number[] {
  if (sorted.length === 0) return [];
  return tenths.map((tenth) => sorted[Math.ceil((sorted.length * tenth) / 10) - 1] ?? 0);
}

/** How many values fall into each of edges.length + 1 bins; bin i holds edges[i-1] < x <= edges[i]. */
export function countBins(values: Iterable<number>, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    const found = edges.findIndex((edge) => value <= edge);
    const bin = found === -1 ? edges.length : found;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** Keeps the most frequent values, at most 100, in the order of their names; the rest is counted together. */
export function keepCategories(
  counted: ReadonlyMap<string, number>,
  keep?: readonly string[],
): { counts: Record<string, number>; other: number } {
  const kept =
    keep ??
    [...counted]
      .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
      .slice(0, keptCategories)
      .map(([name]) => name)
      .sort();
  const counts = Object.fromEntries(kept.map((name) => [name, counted.get(name) ?? 0]));
  const all = [...counted.values()].reduce((sum, count) => sum + count, 0);
  return { counts, other: all - Object.values(counts).reduce((sum, count) => sum + count, 0) };
}

/** Values that a column counts from the start: the definition names them. */
export function definedCategories({ type, categories }: Pick<Column, 'type' | 'categories'>): string[] {
  return type === 'boolean' ? ['false', 'true'] : [...categories];
}

/**
 * Profiles the features of rows as they travel in requests and records.
 *
 * @param frozen A dataset's profile: its bins and categories are used, so that the two can be compared bin by bin.
 */
export function profileRows(
  rows: readonly Row[],
  definition: ModelDefinition,
  frozen?: DatasetProfile,
): DatasetProfile['features'] {
  const features = dataColumns(columnsOf(definition)).filter(({ role }) => role === 'feature');
  return Object.fromEntries(
    features.map((column) => [
      column.name,
      profileColumn(
        rows.map((row) => row[column.name] ?? null),
        column,
        frozen?.features[column.name],
      ),
    ]),
  );
}

/** Profiles one column; what does not have the column's type counts as missing. */
export function profileColumn(
  cells: readonly Cell[],
  column: Pick<Column, 'type' | 'categories'>,
  frozen?: ColumnProfile,
): ColumnProfile {
  const kind = profileKind(column);
  if (kind === 'categorical') {
    const wanted = column.type === 'boolean' ? 'boolean' : 'string';
    const texts = cells.filter((cell) => typeof cell === wanted && cell !== '').map(String);
    const counted = new Map<string, number>(definedCategories(column).map((name) => [name, 0]));
    for (const text of texts) counted.set(text, (counted.get(text) ?? 0) + 1);
    const keep = frozen?.type === 'categorical' ? Object.keys(frozen.counts) : undefined;
    return {
      type: kind,
      count: texts.length,
      missing: cells.length - texts.length,
      ...keepCategories(counted, keep),
    };
  }
  const values =
    kind === 'text'
      ? cells.flatMap((cell) => (typeof cell === 'string' && cell !== '' ? [[...cell].length] : []))
      : cells.filter((cell) => typeof cell === 'number' && Number.isFinite(cell)).map(Number);
  const sorted = Float64Array.from(values).sort();
  const edges = frozen?.type === kind ? frozen.edges : edgesOf(decilesOf(sorted));
  const binned = { edges, counts: countBins(values, edges) };
  const counted = { count: values.length, missing: cells.length - values.length };
  return kind === 'text'
    ? { type: kind, ...counted, ...binned }
    : { type: kind, ...counted, ...momentsOf(sorted), ...binned };
}

function momentsOf(sorted: Float64Array) {
  const n = sorted.length;
  if (n === 0) return { mean: null, standardDeviation: null, min: null, max: null };
  const mean = sorted.reduce((sum, value) => sum + value, 0) / n;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean: finiteOrNull(mean),
    standardDeviation: n > 1 ? finiteOrNull(Math.sqrt(squares / (n - 1))) : null,
    min: sorted[0] ?? null,
    max: sorted[n - 1] ?? null,
  };
}

/** Live values may be so large that their sum is not a number that JSON can write. */
function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
