import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import type { Column } from '../columns.ts';
import { select } from '../database.duckdb.ts';
import type { ColumnProfile } from '../dataset.ts';
import { profileKind } from '../profile.ts';
import type { LabelledPoints } from './label-flips.ts';

/** Every row is held against every other: 2,000 take about a second and tell a share to one or two in a hundred. */
const mostRows = 2000;
/** More columns are left out: the distance between rows is hardly changed by the last of so many. */
const mostColumns = 128;

/**
 * Train rows as points, drawn by a hash of their place so that the same rows give the same sample.
 *
 * @returns Null when the target is a number, or no feature is a number or a category.
 */
export async function sampleLabels(
  connection: DuckDBConnection,
  columns: readonly Column[],
  profiles: Readonly<Record<string, ColumnProfile>>,
): Promise<LabelledPoints | null> {
  const target = columns.findIndex(({ role }) => role === 'target');
  const categories = columns[target]?.type === 'category' ? columns[target].categories : [];
  const features = columns
    .map((column, place) => ({ column, place, profile: profiles[column.name] }))
    .filter(({ column }) => column.role === 'feature' && column.type !== 'text')
    .slice(0, mostColumns);
  if (categories.length === 0 || features.length === 0) return null;
  const numbers = features.flatMap(({ column, place, profile }) => {
    if (profileKind(column) !== 'numeric' || profile?.type !== 'numeric') return [];
    const deviation = profile.standardDeviation ?? 0;
    return deviation > 0
      ? [`(v${place} - ${(profile.mean ?? 0).toExponential()}) / ${deviation.toExponential()}`]
      : [];
  });
  const others = features.filter(({ column }) => profileKind(column) === 'categorical');
  const codes = others.map(({ column, place }) => {
    const names = column.type === 'boolean' ? ['false', 'true'] : column.categories;
    return { names: new Map(names.map((name, code) => [name, code])), sql: `CAST(v${place} AS VARCHAR)` };
  });
  const labels = new Map(categories.map((name, code) => [name, code]));
  const rows = await select(
    connection,
    `SELECT v${target} AS label, [${numbers.join(', ')}]::DOUBLE[] AS numbers, [${codes.map(({ sql }) => sql).join(', ')}]::VARCHAR[] AS texts
     FROM placed WHERE side = 'train' ORDER BY hash(place), place LIMIT ${mostRows}`,
    z.object({
      label: z.string(),
      numbers: z.array(z.number().nullable()),
      texts: z.array(z.string().nullable()),
    }),
  );
  // Whether a number is missing is told by a code of its own, in columns where any is.
  const isGappy = numbers.map((_, place) => rows.some((row) => row.numbers[place] === null));
  return {
    numbers: Float64Array.from(rows.flatMap((row) => row.numbers.map((value) => value ?? 0))),
    codes: Int32Array.from(
      rows.flatMap((row) => [
        ...row.texts.map((text, place) => codes[place]?.names.get(text ?? '') ?? -1),
        ...row.numbers.flatMap((value, place) => (isGappy[place] ? [Number(value === null)] : [])),
      ]),
    ),
    labels: Int32Array.from(rows, ({ label }) => labels.get(label) ?? -1),
  };
}
