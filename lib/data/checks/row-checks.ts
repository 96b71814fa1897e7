import { type ComparisonOfRow, type Condition, comparisonsOf } from '../../model/conditions.ts';
import type { DataPolicy } from '../../model/data-policy.ts';
import { EvergreenError } from '../../shared/errors.ts';
import type { Column } from '../columns.ts';

export type SqlValue = string | number | boolean;

/** A check of single rows: SQL that is true where a row breaks it. */
export interface RowCheck {
  check: 'pattern' | 'rule';
  /** The rule's name, or the pattern. */
  name: string;
  column: string | null;
  action: DataPolicy['checks']['rules'][number]['action'];
  breach: string;
}

export interface RowChecks {
  checks: RowCheck[];
  /** Of the parameters $1, $2, … that the breaches name. */
  values: SqlValue[];
}

/**
 * Compiles the patterns and rules of a definition. Names become places and values become parameters: no text of a
 * definition or a file is part of a statement.
 *
 * The SQL is over v0, v1, …, the typed values of the columns in their order.
 *
 * @throws EvergreenError `definition-invalid` when a column is not there.
 */
export function compileRowChecks({ checks }: DataPolicy, columns: readonly Column[]): RowChecks {
  const values: SqlValue[] = [];
  const parameter = (value: SqlValue, type: string) => {
    values.push(value);
    return `CAST($${values.length} AS ${type})`;
  };
  const patterns = checks.patterns
    .filter(({ action }) => action !== 'off')
    .map(
      ({ column, pattern, action }): RowCheck => ({
        check: 'pattern',
        name: pattern,
        column,
        action,
        breach: `coalesce(NOT regexp_full_match(${placeOf(column, columns).sql}, ${parameter(pattern, 'VARCHAR')}), false)`,
      }),
    );
  const rules = checks.rules
    .filter(({ action }) => action !== 'off')
    .map(({ name, when, must, action }): RowCheck => {
      const holds = conditionSql(must, columns, parameter);
      const applies = when ? conditionSql(when, columns, parameter) : 'true';
      return {
        check: 'rule',
        name,
        column: null,
        action,
        breach: `coalesce((${applies}) AND NOT (${holds}), false)`,
      };
    });
  return { checks: [...patterns, ...rules], values };
}

type Parameter = (value: SqlValue, type: string) => string;

function conditionSql(asked: Condition, columns: readonly Column[], parameter: Parameter): string {
  const { isAny, comparisons } = comparisonsOf(asked);
  const parts = comparisons.map((comparison) => `(${comparisonSql(comparison, columns, parameter)})`);
  return parts.join(isAny ? ' OR ' : ' AND ');
}

function comparisonSql(asked: ComparisonOfRow, columns: readonly Column[], parameter: Parameter): string {
  const { sql, column } = placeOf(asked.column, columns);
  if ('otherColumn' in asked)
    return `${sql} ${operators[asked.is]} ${placeOf(asked.otherColumn, columns).sql}`;
  const constant = (value: SqlValue) => {
    if (column.type === 'timestamp') return parameter(Date.parse(String(value)) / 1000, 'DOUBLE');
    if (typeof value === 'number') return parameter(value, 'DOUBLE');
    return parameter(value, typeof value === 'boolean' ? 'BOOLEAN' : 'VARCHAR');
  };
  if ('values' in asked) {
    return `${sql} ${asked.is === 'in' ? 'IN' : 'NOT IN'} (${asked.values.map(constant).join(', ')})`;
  }
  if ('value' in asked) return `${sql} ${operators[asked.is]} ${constant(asked.value)}`;
  return asked.is === 'missing' ? `${sql} IS NULL` : `${sql} IS NOT NULL`;
}

const operators = { '<': '<', '<=': '<=', '=': '=', '!=': '<>', '>=': '>=', '>': '>' } as const;

function placeOf(name: string, columns: readonly Column[]): { sql: string; column: Column } {
  const place = columns.findIndex((column) => column.name === name);
  const column = columns[place];
  if (column) return { sql: `v${place}`, column };
  throw new EvergreenError(
    'definition-invalid',
    `a check names the column ${name}, which the model does not read`,
  );
}
