import type { ModelDefinition } from '../../model/definition.ts';
import { wilsonBounds } from '../../statistics/wilson.ts';
import { type Found, percent, rowsOf, statusOf, type WholeFindings } from './findings.ts';

/* What rows are to each other. */

export function duplicates({ rows: { duplicates: count } }: WholeFindings, { data }: ModelDefinition): Found {
  const what = data.duplicates === 'drop' ? 'left out' : 'kept';
  const message =
    count === 0
      ? 'no row is an exact copy of another'
      : `${rowsOf(count)} ${count === 1 ? 'is an exact copy' : 'are exact copies'} of an earlier one and ${count === 1 ? 'was' : 'were'} ${what}`;
  return { status: statusOf(count === 0), count, value: null, limit: null, message };
}

export function unique(count: number, columns: readonly string[]): Found {
  const names = columns.join(', ');
  const message =
    count === 0
      ? `no two rows share ${names}`
      : `${rowsOf(count)} repeat ${names} of an earlier row; each may be there once`;
  return { status: statusOf(count === 0), count, value: null, limit: null, message };
}

export function shareOf(
  { rows: { read } }: WholeFindings,
  count: number,
  limit: number,
  what: string,
): Found {
  const value = read === 0 ? 0 : count / read;
  const message = `${what} (${percent(value)}; at most ${percent(limit)})`;
  return { status: statusOf(value <= limit), count, value, limit, message };
}

export function nearDuplicates(
  { greatestNearGroup: count, rows: { accepted } }: WholeFindings,
  { mostShare, leastRows }: { mostShare: number; leastRows: number },
): Found {
  if (count === null) {
    const message = 'rows cannot be told apart closely: no number has many values';
    return { status: 'not-judged', count: null, value: null, limit: mostShare, message };
  }
  const value = accepted === 0 ? 0 : count / accepted;
  const isPassed = count < leastRows || value <= mostShare;
  const message = `the greatest group of nearly equal rows has ${rowsOf(count)} (${percent(value)}; at most ${percent(mostShare)})`;
  return { status: statusOf(isPassed), count, value, limit: mostShare, message };
}

export function sourceOutliers(
  source: string,
  many: number,
  outlying: number,
  { mostShare, leastRows, column }: { mostShare: number; leastRows: number; column: string },
): Found {
  const value = many === 0 ? 0 : outlying / many;
  const what = `${outlying} of ${rowsOf(many)} of ${column} ${source} hold an outlier (${percent(value)}; at most ${percent(mostShare)})`;
  if (many < leastRows) {
    return {
      status: 'not-judged',
      count: outlying,
      value,
      limit: mostShare,
      message: `${what}; ${leastRows} rows are needed to judge`,
    };
  }
  const isPassed = wilsonBounds(outlying, many).least <= mostShare;
  return { status: statusOf(isPassed), count: outlying, value, limit: mostShare, message: what };
}
