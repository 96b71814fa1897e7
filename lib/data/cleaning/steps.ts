import type { ModelDefinition } from '../../model/definition.ts';
import type { Copies } from '../check.duckdb.ts';
import type { CleaningStep } from '../dataset.ts';
import type { Fill } from './fills.duckdb.ts';
import type { OutlierLimit } from './outliers.duckdb.ts';

export interface Cleaned {
  copies: Copies;
  outlierLimits: readonly OutlierLimit[];
  /** Rows that were put aside for an outlier. */
  aside: number;
  fills: readonly Fill[];
}

const shown = (value: number) => String(Number(value.toPrecision(6)));
const values = (count: number) => (count === 1 ? '1 value' : `${count} values`);

/** What cleaning did, step by step in its order. */
export function cleaningSteps(
  { copies, outlierLimits, fills }: Cleaned,
  { data, identity }: ModelDefinition,
): CleaningStep[] {
  const isDropped = data.duplicates === 'drop' || data.keyDuplicates !== 'keep';
  const exact: CleaningStep = {
    step: 'exact-duplicates',
    column: null,
    place: isDropped ? 'dataset' : 'none',
    count: copies.exact,
    message: isDropped ? 'left out after the first' : 'kept',
  };
  const ofKey: CleaningStep = {
    step: 'key-duplicates',
    column: identity.join(', '),
    place: 'dataset',
    count: copies.ofKey,
    message: `of each ${identity.join(', ')} the ${data.keyDuplicates} row is kept`,
  };
  const outside = outlierLimits.flatMap(({ column, asked, low, high, count }): CleaningStep[] => {
    if (!asked) return [];
    const where = column.isPersonal ? 'outside the limits' : `outside ${shown(low)} … ${shown(high)}`;
    const done = {
      flag: ['none', `${where}: counted and kept`],
      clip: ['model', `${where}: moved to the limit in the model, in training and serving alike`],
      quarantine: ['dataset', `${where}: the rows are put aside`],
    } as const;
    const [place, message] = done[asked.action];
    return [{ step: 'outliers', column: column.name, place, count, message }];
  });
  const filled = fills
    .filter(({ count }) => count > 0)
    .map(({ column, strategy, value, count }): CleaningStep => {
      const what =
        column.isPersonal || value === null ? '' : `, ${typeof value === 'number' ? shown(value) : value}`;
      const message = `${values(count)} become the ${strategy}${what}, in the model, in training and serving alike`;
      return { step: 'imputation', column: column.name, place: 'model', count, message };
    });
  return [exact, ...(data.keyDuplicates === 'keep' ? [] : [ofKey]), ...outside, ...filled];
}
