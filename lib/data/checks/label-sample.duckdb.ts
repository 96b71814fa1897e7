import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../columns.ts';
import { select } from '../database.duckdb.ts';
import type { ColumnProfile } from '../dataset.ts';
import { drawSql } from '../draw-sql.ts';
import { profileKind } from '../profile.ts';
import type { LabelledPoints } from './label-flips.ts';
import { labelledPoints, sampledLabel } from './labelled-points.ts';

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
  const texts = others.map(({ place }) => `CAST(v${place} AS VARCHAR)`);
  const rows = await select(
    connection,
    `SELECT v${target} AS label, [${numbers.join(', ')}]::DOUBLE[] AS numbers, [${texts.join(', ')}]::VARCHAR[] AS texts
     FROM placed WHERE side = 'train' ORDER BY ${drawSql('place')}, place LIMIT ${mostRows}`,
    sampledLabel,
  );
  return labelledPoints(
    rows,
    categories,
    others.map(({ column }) => column),
  );
}
