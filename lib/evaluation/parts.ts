import type { Cell, Row } from '../data/dataset.ts';
import type { Partition } from '../model/gate.ts';

/** A named part of the held-out rows. */
export interface Part {
  name: string;
  /** Places of its rows. */
  positions: number[];
}

/** The band of a number, such as `18 to 40`. */
function bandOf(value: number, ends: readonly number[]): string {
  const place = ends.findIndex((end) => value < end);
  if (place === 0) return `below ${ends[0]}`;
  if (place === -1) return `${ends.at(-1)} and more`;
  return `${ends[place - 1]} to ${ends[place]}`;
}

function nameOf(value: Cell, bands: readonly number[] | undefined): string {
  if (value === null) return 'missing';
  return bands && typeof value === 'number' ? bandOf(value, bands) : String(value);
}

/** Parts rows by a feature, in the order of the names; rows without a value are a part of their own. */
export function partRows(rows: readonly Row[], { feature, bands }: Partition): Part[] {
  const parts = new Map<string, number[]>();
  for (const [position, row] of rows.entries()) {
    const name = nameOf(row[feature] ?? null, bands);
    const part = parts.get(name);
    if (part) part.push(position);
    else parts.set(name, [position]);
  }
  return Array.from(parts, ([name, positions]) => ({ name, positions })).sort((a, b) =>
    a.name.localeCompare(b.name, 'en', { numeric: true }),
  );
}
