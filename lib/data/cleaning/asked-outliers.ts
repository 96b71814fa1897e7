import type { Outliers } from '../../model/cleaning.ts';
import type { ModelDefinition } from '../../model/definition.ts';
import type { Column } from '../columns.ts';

/** For sources alone: what Tukey calls far out. */
const farOut: Outliers = { method: 'iqr', factor: 3, action: 'flag' };

/** A feature whose outlier limits are learned. */
export interface AskedOutliers {
  column: Column;
  place: number;
  /** Null when the definition asks for none and the limits serve the sources alone. */
  asked: Outliers | null;
  rule: Outliers;
}

/** The numbers whose outliers are asked for, or counted by source. */
export function askedOutliers(
  columns: readonly Column[],
  { features, data }: ModelDefinition,
): AskedOutliers[] {
  const asksSources = data.checks.sources !== undefined && data.checks.sources.action !== 'off';
  return columns.flatMap((column, place) => {
    const feature = column.role === 'feature' ? features[column.name] : undefined;
    if (feature?.type !== 'number' && feature?.type !== 'integer') return [];
    const asked = feature.outliers ?? null;
    return asked || asksSources ? [{ column, place, asked, rule: asked ?? farOut }] : [];
  });
}
