import type { ModelDefinition } from '../../model/definition.ts';
import type { CheckedRows, Copies } from '../check.duckdb.ts';
import type { CleaningStep } from '../dataset.ts';
import type { AnonymityReport } from '../privacy/anonymity.ts';
import type { Fill } from './fills.ts';
import type { OutlierLimit } from './outliers.duckdb.ts';

export interface Cleaned {
  normalised: CheckedRows['normalised'];
  disguised: CheckedRows['disguised'];
  copies: Copies;
  outlierLimits: readonly OutlierLimit[];
  fills: readonly Fill[];
  anonymity: AnonymityReport | null;
}

const shown = (value: number) => String(Number(value.toPrecision(6)));
const values = (count: number) => (count === 1 ? '1 value' : `${count} values`);

/** What cleaning did, step by step in its order. */
export function cleaningSteps(
  { normalised, disguised, copies, outlierLimits, fills, anonymity }: Cleaned,
  { data, identity }: ModelDefinition,
): CleaningStep[] {
  const spelled = normalised.map(
    ({ column, count }): CleaningStep => ({
      step: 'normalisation',
      column: column.name,
      place: 'dataset',
      count,
      message: column.units
        ? `${values(count)} with a unit were turned into ${column.unit ?? 'the unit of the column'}`
        : column.keep !== undefined
          ? `${values(count)} were cut to ${column.keep} characters or spelled otherwise`
          : `${values(count)} were spelled otherwise than the category`,
    }),
  );
  const hidden = disguised.map(
    ({ column, count }): CleaningStep => ({
      step: 'pseudonymisation',
      column: column.name,
      place: 'dataset',
      count,
      message:
        column.disguise?.kind === 'mask'
          ? `${values(count)} keep their last ${column.disguise.keepLast} characters at most, here and in every request`
          : `${values(count)} became ${column.type === 'category' ? 'buckets' : 'hashes'} by the key ${column.disguise?.key}, here and in every request`,
    }),
  );
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
  const suppressed: CleaningStep[] =
    anonymity?.action === 'suppress'
      ? [
          {
            step: 'suppression',
            column: anonymity.columns.join(', '),
            place: 'dataset',
            count: anonymity.rowsBelow,
            message: `rows that share these values with fewer than ${anonymity.k - 1} others are left out`,
          },
        ]
      : [];
  const once = data.keyDuplicates === 'keep' ? [exact] : [exact, ofKey];
  return [...spelled, ...hidden, ...once, ...suppressed, ...outside, ...filled];
}
