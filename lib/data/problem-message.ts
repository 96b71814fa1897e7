import * as z from 'zod';
import type { Column } from './columns.ts';
import type { Problem } from './dataset.ts';

const shownLength = 60;
export const masked = '(masked)';

/** The rule that SQL found broken; `mistyped` is a JSON value of another type than the column's. */
export const brokenRule = z.enum(['mistyped', 'type', 'missing', 'range', 'category', 'length']);
export type BrokenRule = z.infer<typeof brokenRule>;

/** The rule as reports name it: all that is wrong with the target is gathered under `target`. */
export function reportedRule({ role }: Column, rule: BrokenRule): Problem['rule'] {
  if (role === 'target') return 'target';
  return rule === 'mistyped' ? 'type' : rule;
}

/**
 * Says what is wrong with a cell, where, and what would be right.
 *
 * @param shown The cell as it stood; never repeated when it is personal data.
 */
export function describeProblem(
  line: number,
  column: Column,
  rule: BrokenRule,
  shown: string | null,
): Problem {
  const value = shown === null ? null : column.isPersonal ? masked : shorten(shown);
  const place = `line ${line}: ${column.name}`;
  const isValue = value === null || value === masked ? `is ${value ?? 'missing'}` : `is "${value}"`;
  return {
    line,
    column: column.name,
    rule: reportedRule(column, rule),
    value,
    message:
      rule === 'missing'
        ? `${place} is missing`
        : `${place} ${isValue}; ${wanted(column, rule, shown ?? '')}`,
  };
}

/** A row that breaks a pattern of one column, or a rule between several. */
export function describeRowProblem(
  line: number,
  { check, name }: { check: 'pattern' | 'rule'; name: string },
  column: Column | undefined,
  shown: string | null,
): Problem {
  if (check === 'rule' || !column) {
    const message = `line ${line}: the rule "${name}" does not hold`;
    return { line, column: null, rule: check, value: null, message };
  }
  const value = shown === null ? null : column.isPersonal ? masked : shorten(shown);
  const isValue = value === masked ? `is ${masked}` : `is "${value ?? ''}"`;
  const message = `line ${line}: ${column.name} ${isValue}; text that is ${name} as a whole is needed`;
  return { line, column: column.name, rule: check, value, message };
}

/** A row that holds a number far from the others. */
export function describeOutlier(line: number, column: Column, found: number): Problem {
  const value = column.isPersonal ? masked : String(found);
  const message = `line ${line}: ${column.name} is ${value}, which lies far from the others`;
  return { line, column: column.name, rule: 'outlier', value, message };
}

/** A row that could not be cut into cells. Its text is not shown: nobody knows which part of it is personal. */
export function describeBrokenRow(line: number, message: string): Problem {
  return { line, column: null, rule: 'shape', value: null, message: `line ${line}: the row ${message}` };
}

/** A file that could not be read; line 0 means the whole of it. */
export function describeUnreadable({ line, message }: { line: number; message: string }): Problem {
  return {
    line,
    column: null,
    rule: 'shape',
    value: null,
    message: line === 0 ? message : `line ${line}: ${message}`,
  };
}

function wanted(column: Column, rule: BrokenRule, shown: string): string {
  if (rule === 'mistyped') return jsonWanted(column);
  if (rule === 'range') return rangeWanted(column);
  if (rule === 'length') return `at most ${column.maxLength} characters are allowed`;
  if (rule === 'category') {
    const { categories } = column;
    const more = categories.length > 10 ? ` or one of ${categories.length - 10} others` : '';
    return `one of ${categories.slice(0, 10).join(', ')}${more} is needed`;
  }
  if (column.units) {
    const noun = column.type === 'integer' ? 'a whole number' : 'a number';
    return `${noun} is needed, bare or with one of ${Object.keys(column.units).join(', ')}`;
  }
  if (column.type === 'integer') {
    return `a whole number between -${Number.MAX_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER} is needed`;
  }
  if (column.type === 'number') {
    if (column.units)
      return `a number is needed, bare or with one of ${Object.keys(column.units).join(', ')}`;
    return isWrittenNumber(shown) ? 'a number between -3.4e38 and 3.4e38 is needed' : 'a number is needed';
  }
  if (column.type === 'boolean') return 'true or false is needed';
  if (column.type === 'timestamp') return 'a time such as 2026-05-01T12:00:00Z is needed';
  return 'text is needed';
}

/** A number whose only fault is its size. */
function isWrittenNumber(shown: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(shown.trim());
}

function jsonWanted({ type }: Column): string {
  if (type === 'number' || type === 'integer') return 'a JSON number, without quotes, is needed';
  return type === 'boolean' ? 'JSON true or false is needed' : 'a JSON string, in quotes, is needed';
}

function rangeWanted({ min, max, type }: Column): string {
  const noun = type === 'integer' ? 'a whole number' : 'a number';
  if (min !== undefined && max !== undefined) return `${noun} from ${min} to ${max} is needed`;
  return min !== undefined ? `${noun} of at least ${min} is needed` : `${noun} of at most ${max} is needed`;
}

function shorten(text: string): string {
  const characters = [...text];
  return characters.length > shownLength ? `${characters.slice(0, shownLength).join('')}…` : text;
}
