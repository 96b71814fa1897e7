import { comparisonsOf } from '../../model/conditions.ts';
import type { DataPolicy } from '../../model/data-policy.ts';
import type { ModelDefinition } from '../../model/definition.ts';

/** Rows of a retrain come from datasets and requests, which hold features and labels and no other column. */
export function isRetrain(sourceKey: string): boolean {
  return sourceKey.startsWith('retrain/');
}

/** The definition without the columns that only checks read, and without the checks that read them. */
export function withoutCheckedColumns(definition: ModelDefinition): ModelDefinition {
  const { data } = definition;
  const isGone = (name: string) => Object.hasOwn(data.columns, name);
  const reads = ({ when, must }: DataPolicy['checks']['rules'][number]) =>
    [when, must]
      .flatMap((condition) => (condition ? comparisonsOf(condition).comparisons : []))
      .flatMap((each) => ('otherColumn' in each ? [each.column, each.otherColumn] : [each.column]));
  // Times are held by such columns alone, so freshness always goes.
  const { freshness: _, sources, ...rest } = data.checks;
  return {
    ...definition,
    data: {
      ...data,
      columns: {},
      checks: {
        ...rest,
        ...(sources && !isGone(sources.column) ? { sources } : {}),
        patterns: rest.patterns.filter(({ column }) => !isGone(column)),
        rules: rest.rules.filter((rule) => !reads(rule).some(isGone)),
        unique: rest.unique.filter(({ columns }) => !columns.some(isGone)),
      },
    },
  };
}
