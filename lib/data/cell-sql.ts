import { normaliseSql } from './cleaning/normalise-sql.ts';
import type { Column } from './columns.ts';

/** SQL over one cell: its text for people, its typed value, and the first rule it breaks (null when none). */
export interface CellSql {
  shown: string;
  value: string;
  /** @param value Where the value stands by now: what reads a text takes most of the time, and is not done twice. */
  rule: (value: string) => string;
  /** True where cleaning wrote the value otherwise than it stood; absent where it never does. */
  changed?: string;
}

/** Integers beyond this lose digits in JSON and in the model's numbers. */
const greatestInteger = Number.MAX_SAFE_INTEGER;

/** The greatest FP32 number: models take numbers as FP32, where a greater one is infinite. */
export const greatestNumber = (2 - 2 ** -23) * 2 ** 127;

export const sqlTypes: Record<Column['type'], string> = {
  number: 'DOUBLE',
  integer: 'BIGINT',
  boolean: 'BOOLEAN',
  category: 'VARCHAR',
  text: 'VARCHAR',
  // Seconds since 1970, UTC.
  timestamp: 'DOUBLE',
};

/**
 * A cell that was read as text. Words such as NaN or inf are no numbers; blanks around a number are let pass. There is
 * one zero (`+ 0e0`): the sign of another comes and goes with the plan of a query, and would decide about a row's side.
 *
 * @param mistyped SQL that is true where the source gave the cell another type than the column's.
 */
export function textCell(column: Column, mistyped: string): CellSql {
  const { key, type } = column;
  const bare = `nullif(trim(${key}, ' ' || chr(9)), '')`;
  if (column.units && (type === 'number' || type === 'integer')) {
    return cellWithUnit(column, bare, column.units, mistyped);
  }
  if (type === 'number') {
    const read = (text: string) =>
      `WHEN regexp_full_match(${text}, '${numberPattern}') THEN TRY_CAST(${text} AS DOUBLE) + 0e0`;
    return cellSql(column, { shown: key, ...usuallyBare(key, bare, read), mistyped });
  }
  if (type === 'integer') {
    const read = (text: string) =>
      `WHEN regexp_full_match(${text}, '[+-]?[0-9]+(\\.0*)?') THEN TRY_CAST(split_part(${text}, '.', 1) AS BIGINT)`;
    return cellSql(column, { shown: key, ...usuallyBare(key, bare, read), mistyped });
  }
  if (type === 'boolean') {
    const value = `CASE WHEN lower(${bare}) IN ('true', '1') THEN true WHEN lower(${bare}) IN ('false', '0') THEN false END`;
    return cellSql(column, { shown: key, missing: `${bare} IS NULL`, value, mistyped });
  }
  if (type === 'timestamp') {
    const value = `CASE WHEN regexp_full_match(${bare}, '${timestampPattern}') THEN ${secondsSql(bare)} END`;
    return cellSql(column, { shown: key, missing: `${bare} IS NULL`, value, mistyped });
  }
  if (column.normalise || column.keep !== undefined) {
    const spelled = column.normalise ? normaliseSql(key, column.normalise) : key;
    const value = column.keep === undefined ? spelled : `left(${spelled}, ${column.keep})`;
    return {
      ...cellSql(column, { shown: key, missing: `${value} IS NULL`, value, mistyped }),
      changed: `${key} IS DISTINCT FROM ${value}`,
    };
  }
  return cellSql(column, { shown: key, missing: `${key} IS NULL`, value: key, mistyped });
}

/** Most cells have no blanks around them: what reads as it stands is not trimmed first, which takes as long as the rest. */
function usuallyBare(key: string, bare: string, read: (text: string) => string) {
  return { value: `CASE ${read(key)} ${read(bare)} END`, missing: `${bare} IS NULL` };
}

const numberPattern = '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?';

/** A number that may carry one of some units; the value is in the column's own. */
function cellWithUnit(
  column: Column,
  bare: string,
  units: Readonly<Record<string, number>>,
  mistyped: string,
): CellSql {
  const written = `'^(${numberPattern})[ \\t]*(.*)$'`;
  const unit = `regexp_extract(${bare}, ${written}, 4)`;
  const whens = Object.entries(units).map(
    ([name, factor]) => `WHEN '${name.replaceAll("'", "''")}' THEN ${factor.toExponential()}`,
  );
  const scaled = `TRY_CAST(regexp_extract(${bare}, ${written}, 1) AS DOUBLE) * CASE ${unit} WHEN '' THEN 1e0 ${whens.join(' ')} END`;
  const number = `CASE WHEN regexp_matches(${bare}, ${written}) THEN ${scaled} + 0e0 END`;
  const value =
    column.type === 'integer'
      ? `CASE WHEN (${number}) = trunc(${number}) THEN TRY_CAST(${number} AS BIGINT) END`
      : number;
  return {
    ...cellSql(column, { shown: column.key, missing: `${bare} IS NULL`, value, mistyped }),
    changed: `coalesce(regexp_matches(${bare}, ${written}) AND ${unit} <> '', false)`,
  };
}

const [hour, sixtieth] = ['([01][0-9]|2[0-3])', '[0-5][0-9]'];

/** ISO 8601 as programs write it. */
const timestampPattern = `[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]${hour}:${sixtieth}(:${sixtieth}(\\.[0-9]+)?)?(Z|[+-]${hour}(:?${sixtieth})?)?)?`;

/** Seconds since 1970 of a time so written. A cast alone would pass over the offset. */
function secondsSql(text: string): string {
  const part = (group: number) =>
    `regexp_extract(${text}, '[T ][0-9:.]+(Z|([+-])([0-9]{2}):?([0-9]{2})?)$', ${group})`;
  const local = `epoch(TRY_CAST(regexp_extract(${text}, '^[-0-9]+([T ][0-9:.]+)?') AS TIMESTAMP))`;
  const ahead = `(TRY_CAST(${part(3)} AS DOUBLE) * 3600 + coalesce(TRY_CAST(nullif(${part(4)}, '') AS DOUBLE), 0) * 60)`;
  return `(${local} - CASE ${part(2)} WHEN '+' THEN ${ahead} WHEN '-' THEN -${ahead} ELSE 0 END)`;
}

const wholeTypes = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL\(\d+,0\))$/;
const fractionTypes = /^(FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/;

/** A cell of a typed column, or undefined when the column's type cannot hold what is wanted. */
export function typedCell(column: Column, sourceType: string): CellSql | undefined {
  const { key, type, role } = column;
  const isWhole = wholeTypes.test(sourceType);
  const isFraction = fractionTypes.test(sourceType);
  const shown = `CAST(${key} AS VARCHAR)`;
  const mistyped = 'false';
  if (role === 'identity') {
    return /[([]/.test(sourceType) && !isWhole && !isFraction
      ? undefined
      : cellSql(column, { shown, missing: `${key} IS NULL`, value: `nullif(${shown}, '')`, mistyped });
  }
  if (type === 'number' || type === 'integer') {
    if (column.units && sourceType === 'VARCHAR') return textCell(column, mistyped);
    if (!isWhole && !isFraction) return undefined;
    // What other tools write for a missing number.
    const isMissing = /^(FLOAT|DOUBLE)$/.test(sourceType)
      ? `(${key} IS NULL OR isnan(${key}))`
      : `${key} IS NULL`;
    const value =
      type === 'number'
        ? `CASE WHEN NOT ${isMissing} THEN CAST(${key} AS DOUBLE) + 0e0 END`
        : isWhole
          ? `TRY_CAST(${key} AS BIGINT)`
          : `CASE WHEN NOT ${isMissing} AND ${key} = trunc(${key}) THEN TRY_CAST(${key} AS BIGINT) END`;
    return cellSql(column, { shown, missing: isMissing, value, mistyped });
  }
  if (type === 'timestamp' && /^(TIMESTAMP|DATE)/.test(sourceType)) {
    return cellSql(column, { shown, missing: `${key} IS NULL`, value: `epoch(${key})`, mistyped });
  }
  if (type === 'timestamp') return sourceType === 'VARCHAR' ? textCell(column, mistyped) : undefined;
  if (sourceType !== (type === 'boolean' ? 'BOOLEAN' : 'VARCHAR')) return undefined;
  if (column.normalise || column.keep !== undefined) return textCell(column, mistyped);
  const value = type === 'boolean' ? key : `nullif(${key}, '')`;
  return cellSql(column, { shown, missing: `${value} IS NULL`, value, mistyped });
}

interface Parts {
  shown: string;
  /** Whether there is nothing in a cell that has no value. */
  missing: string;
  value: string;
  mistyped: string;
}

function cellSql(column: Column, { shown, missing, value, mistyped }: Parts): CellSql {
  const ifMissing = column.mayBeMissing ? 'NULL' : "'missing'";
  const rule = (of: string) => {
    const whens = [
      `WHEN ${mistyped} THEN 'mistyped'`,
      `WHEN ${of} IS NULL THEN CASE WHEN ${missing} THEN ${ifMissing} ELSE 'type' END`,
      ...breaches(column, of).map(([breach, broken]) => `WHEN ${breach} THEN '${broken}'`),
    ];
    return `CASE ${whens.join(' ')} END`;
  };
  return { shown, value: `CASE WHEN NOT ${mistyped} THEN ${value} END`, rule };
}

function breaches(column: Column, value: string): [breach: string, rule: string][] {
  const found: [string, string][] = [];
  if (column.type === 'number') {
    found.push([`NOT abs(${value}) <= ${numberSql(greatestNumber)} OR isnan(${value})`, 'type']);
  }
  if (column.type === 'integer') {
    found.push([`${value} NOT BETWEEN -${greatestInteger} AND ${greatestInteger}`, 'type']);
  }
  if (column.min !== undefined) found.push([`${value} < ${numberSql(column.min)}`, 'range']);
  if (column.max !== undefined) found.push([`${value} > ${numberSql(column.max)}`, 'range']);
  // Any value falls into one of the buckets.
  if (column.categories.length > 0 && column.disguise === undefined) {
    const allowed = column.categories.map((category) => `'${category.replaceAll("'", "''")}'`);
    found.push([`${value} NOT IN (${allowed.join(', ')})`, 'category']);
  }
  if (column.maxLength !== undefined) found.push([`length(${value}) > ${column.maxLength}`, 'length']);
  return found;
}

/** With an exponent DuckDB reads a double; without one a decimal. */
function numberSql(value: number): string {
  return value.toExponential();
}
