import { addCounts, coarsen, fineEdges, type JointCell, type JointCounts } from './checks/joint-counts.ts';
import type { Column } from './columns.ts';
import type { ColumnProfile } from './dataset.ts';
import { definedCategories, edgesOf, keepCategories, profileKind } from './profile.ts';

export interface Measurement {
  /** Of the train rows. */
  profiles: Record<string, ColumnProfile>;
  joint: JointCounts[];
  /** Correlation of numbers with a numeric target, in the train rows. */
  correlations: Map<string, { correlation: number; pairs: number }>;
  /** Counts of the train rows over the bins of other profiles, by column. */
  onOtherBins: Map<string, number[]>;
  /** Counts of the rows of both sides over the bins or categories of the profiles, by column. */
  onBothSides: Map<string, BinCounts>;
}

/** Cells in the bins of a profile, or of its categories in their order. */
export interface BinCounts {
  counts: number[];
  missing: number;
}

export function nothingMeasured(): Measurement {
  return {
    profiles: {},
    joint: [],
    correlations: new Map(),
    onOtherBins: new Map(),
    onBothSides: new Map(),
  };
}

/** A column with its place among all columns. */
export interface PlacedColumn {
  column: Column;
  place: number;
}

/** Moments and deciles of a column's train rows: of its numbers, or of its texts' lengths. */
export interface Summary {
  count: number;
  missing: number;
  mean: number | null;
  deviation: number | null;
  min: number | null;
  max: number | null;
  deciles: number[] | null;
  correlation: number | null;
  /** Rows with both the number and the target. */
  pairs: number;
}

/** A column that is counted in bins. */
export interface BinnedColumn extends PlacedColumn {
  summary: Summary | undefined;
  edges: number[];
  /** Among them are `edges`. */
  fine: number[];
  others: readonly number[] | undefined;
}

/** The bins of a column by its summary, as spark/evergreen_spark/bins.py lays them too. */
export function planBins(
  { column, place }: PlacedColumn,
  summary: Summary | undefined,
  others: readonly number[] | undefined,
): BinnedColumn {
  const edges = edgesOf(summary?.deciles ?? []);
  const isFine = profileKind(column) === 'numeric' && summary?.min != null && summary.max != null;
  const fine = isFine ? fineEdges(edges, summary.min ?? 0, summary.max ?? 0) : edges;
  return { column, place, summary, edges, fine, others };
}

/** Counts of one part of the rows: of one class, on one side, in one half. */
export interface PartCounts {
  part: string;
  train: boolean;
  half: boolean;
  rows: number;
  /** By place: filled cells, and how many lie in each bin; none when no cell is filled. */
  columns: Map<number, { filled: number; fine: number[]; others: number[] }>;
}

/** Profiles and joint counts of the columns that were counted in bins. */
export function bookBins(
  planned: readonly BinnedColumn[],
  parts: readonly PartCounts[],
): Omit<Measurement, 'profiles' | 'correlations'> & { profiles: Map<string, ColumnProfile> } {
  const profiles = new Map<string, ColumnProfile>();
  const onBothSides = new Map<string, BinCounts>();
  const onOtherBins = new Map<string, number[]>();
  const joint: JointCounts[] = [];
  for (const { column, place, summary, edges, fine, others } of planned) {
    const cells = parts.map((part): JointCell => {
      const found = part.columns.get(place);
      const counts = [...padded(found?.fine, fine.length + 1), part.rows - (found?.filled ?? 0)];
      return { group: part.part, isTrain: part.train, half: part.half, counts };
    });
    joint.push({ column: column.name, cells });
    if (others) {
      const all = parts.map((part) => padded(part.columns.get(place)?.others, others.length + 1));
      onOtherBins.set(column.name, addCounts(all, others.length + 1));
    }
    if (!summary) continue;
    const binned = (some: readonly JointCell[]) => {
      const fineCounts = addCounts(
        some.map(({ counts }) => counts),
        fine.length + 1,
      );
      return coarsen(fineCounts, fine, edges);
    };
    const bins = {
      edges,
      counts: edges.length === 0 ? [0] : binned(cells.filter(({ isTrain }) => isTrain)),
    };
    const missingOnBoth = cells.reduce((sum, { counts }) => sum + (counts.at(-1) ?? 0), 0);
    onBothSides.set(column.name, { counts: binned(cells), missing: missingOnBoth });
    const { count, missing, mean, deviation, min, max } = summary;
    profiles.set(
      column.name,
      profileKind(column) === 'text'
        ? { type: 'text', count, missing, ...bins }
        : { type: 'numeric', count, missing, mean, standardDeviation: deviation, min, max, ...bins },
    );
  }
  return { profiles, joint, onOtherBins, onBothSides };
}

/** Of a part without any value the database gives no histogram. */
export function padded(found: unknown, bins: number): number[] {
  return Array.isArray(found) && found.length > 0 ? found.map(Number) : new Array<number>(bins).fill(0);
}

/** How often one value of a categorical column occurs in a part of the rows. */
export interface CountedValue {
  place: number;
  value: string | null;
  part: string | null;
  train: boolean;
  half: boolean;
  count: number;
}

/** Profiles and joint counts of categorical columns. */
export function bookCategories(
  measured: readonly PlacedColumn[],
  found: readonly CountedValue[],
): Pick<ReturnType<typeof bookBins>, 'profiles' | 'joint' | 'onBothSides'> {
  const onBothSides = new Map<string, BinCounts>();
  const byPlace = Map.groupBy(found, ({ place }) => place);
  const profiles = new Map<string, ColumnProfile>();
  const joint: JointCounts[] = [];
  for (const { column, place } of measured) {
    const rows = byPlace.get(place) ?? [];
    const values = new Map(definedCategories(column).map((name) => [name, 0]));
    for (const { value } of rows) if (value !== null && !values.has(value)) values.set(value, 0);
    const names = [...values.keys()];
    const cells = new Map<string, JointCell>();
    let missing = 0;
    let count = 0;
    for (const { value, part, train, half, count: many } of rows) {
      const key = `${train} ${half} ${part}`;
      const cell = cells.get(key) ?? {
        group: String(part),
        isTrain: train,
        half,
        counts: new Array<number>(names.length + 1).fill(0),
      };
      cells.set(key, cell);
      cell.counts[value === null ? names.length : names.indexOf(value)] = many;
      if (!train) continue;
      if (value === null) missing += many;
      else {
        values.set(value, (values.get(value) ?? 0) + many);
        count += many;
      }
    }
    joint.push({ column: column.name, cells: [...cells.values()] });
    const kept = keepCategories(values);
    profiles.set(column.name, { type: 'categorical', count, missing, ...kept });
    onBothSides.set(column.name, countKept(Object.keys(kept.counts), rows));
  }
  return { profiles, joint, onBothSides };
}

function countKept(names: readonly string[], rows: readonly CountedValue[]): BinCounts {
  const byValue = new Map<string | null, number>();
  for (const { value, count } of rows) byValue.set(value, (byValue.get(value) ?? 0) + count);
  return { counts: names.map((name) => byValue.get(name) ?? 0), missing: byValue.get(null) ?? 0 };
}

/** A measurement out of what was counted. */
export function measurementOf(
  all: readonly PlacedColumn[],
  summaries: ReadonlyMap<string, Summary>,
  bins: ReturnType<typeof bookBins>,
  categories: ReturnType<typeof bookCategories>,
): Measurement {
  const profiles = new Map([...bins.profiles, ...categories.profiles]);
  return {
    profiles: Object.fromEntries(
      all.flatMap(({ column }) => {
        const profile = profiles.get(column.name);
        return profile ? [[column.name, profile]] : [];
      }),
    ),
    joint: [...bins.joint, ...categories.joint],
    correlations: new Map(
      [...summaries].flatMap(([name, { correlation, pairs }]) =>
        correlation === null ? [] : [[name, { correlation, pairs }]],
      ),
    ),
    onOtherBins: bins.onOtherBins,
    onBothSides: new Map([...bins.onBothSides, ...categories.onBothSides]),
  };
}
