import type { ModelDefinition } from '../../model/definition.ts';
import { type Column, dataColumns } from '../columns.ts';
import type { Cell, ColumnProfile } from '../dataset.ts';
import type { Facts } from '../facts.ts';
import { columnsShownBefore, countsIn } from './counts-before.ts';
import type { ColumnBeforeAndAfter, Distribution } from './distribution.ts';

type Side = Distribution['after'];

const noNumbers = { min: null, max: null, mean: null };

/** What each column was when it came, and what it is when a model takes it. */
export function beforeAndAfter(
  facts: Facts,
  columns: readonly Column[],
  definition: ModelDefinition,
): ColumnBeforeAndAfter[] {
  const { checked, measured } = facts;
  const shown = new Set(columnsShownBefore(columns, definition));
  return dataColumns(columns).map((column) => {
    const { name, isPersonal } = column;
    const after = measured.profiles[name];
    const numbers =
      after?.type === 'numeric' ? { min: after.min, max: after.max, mean: after.mean } : noNumbers;
    return {
      column: name,
      before: {
        rows: checked.read,
        missing: checked.missing.get(name) ?? 0,
        ...(shown.has(column) ? (checked.before.get(name) ?? noNumbers) : noNumbers),
      },
      after: after
        ? { rows: after.count + after.missing, missing: after.missing, ...(isPersonal ? noNumbers : numbers) }
        : null,
      distribution: after && !isPersonal ? distributionOf(column, after, facts, shown.has(column)) : null,
    };
  });
}

function distributionOf(
  column: Column,
  profile: ColumnProfile,
  facts: Facts,
  isShownBefore: boolean,
): Distribution {
  const before = facts.countsBefore.get(column.name);
  const missing = facts.checked.missing.get(column.name) ?? 0;
  return {
    type: profile.type,
    edges: profile.type === 'categorical' ? [] : profile.edges,
    values: profile.type === 'categorical' ? Object.keys(profile.counts) : [],
    before: isShownBefore && before ? sideOf(before, missing, facts.checked.read) : null,
    after: afterModel(column, profile, facts),
  };
}

/** @param rows All of them: a cell that is neither missing nor in a bin is another one. */
function sideOf(counts: readonly number[], missing: number, rows: number): Side {
  const other = rows - missing - counts.reduce((sum, count) => sum + count, 0);
  return { counts: [...counts], other, missing };
}

/** The rows of the dataset with what the model does first: numbers outside are moved to their limit, what is missing is filled. */
function afterModel(column: Column, profile: ColumnProfile, facts: Facts): Side {
  const { counts, missing } = facts.measured.onBothSides.get(column.name) ?? { counts: [], missing: 0 };
  const limit = facts.outlierLimits.find((each) => each.column === column);
  const moved =
    profile.type === 'numeric' && limit?.asked?.action === 'clip'
      ? moveToLimits(counts, profile.edges, limit)
      : [...counts];
  const side = sideOf(moved, missing, facts.sides.train + facts.sides.test);
  const fill = facts.fills.find((each) => each.column === column)?.value ?? null;
  if (fill === null || missing === 0) return side;
  const bin = binOf(fill, profile);
  if (bin === -1) return { ...side, other: side.other + missing, missing: 0 };
  return {
    ...side,
    counts: moved.map((count, place) => (place === bin ? count + missing : count)),
    missing: 0,
  };
}

/** The bin of a value, or -1 where no category has its name. */
function binOf(value: NonNullable<Cell>, profile: ColumnProfile): number {
  if (profile.type === 'categorical') return Object.keys(profile.counts).indexOf(String(value));
  const bin = profile.edges.findIndex((edge) => Number(value) <= edge);
  return bin === -1 ? countsIn(profile).length - 1 : bin;
}

/** All that lies in a bin beyond that of a limit is moved to the limit. */
function moveToLimits(
  counts: readonly number[],
  edges: readonly number[],
  { low, high }: { low: number; high: number },
): number[] {
  const place = (limit: number) => {
    const bin = edges.findIndex((edge) => limit <= edge);
    return bin === -1 ? counts.length - 1 : bin;
  };
  const [least, greatest] = [place(low), place(high)];
  const moved = new Array<number>(counts.length).fill(0);
  for (const [bin, count] of counts.entries()) {
    const to = Math.min(Math.max(bin, least), greatest);
    moved[to] = (moved[to] ?? 0) + count;
  }
  return moved;
}
