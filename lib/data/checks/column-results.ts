import type { ModelDefinition } from '../../model/definition.ts';
import type { ColumnProfile } from '../dataset.ts';
import { type Found, percent, statusOf, type WholeFindings } from './findings.ts';
import { tellingOfClasses, tellingOfLine } from './leak.ts';

/* What a column is in all rows together. */

/** What a column must tell of the tenths of a numeric target for its straight line to count. */
const leastByOrder = 0.5;

/** Clocks differ, and times without an offset are read as UTC. */
const clockSkewHours = 24;

export function freshness(
  { newest, now }: WholeFindings,
  { column, maxAgeHours }: { column: string; maxAgeHours: number },
): Found {
  if (newest === null) {
    return {
      status: 'failed',
      count: null,
      value: null,
      limit: maxAgeHours,
      message: `${column} holds no time`,
    };
  }
  const value = (now.getTime() / 1000 - newest) / 3600;
  if (value < -clockSkewHours) {
    const message = `the newest ${column} lies ${Number((-value).toFixed(1))} hours in the future; correct the times`;
    return { status: 'failed', count: null, value, limit: maxAgeHours, message };
  }
  const message = `the newest ${column} is ${Number(value.toFixed(1))} hours old; at most ${maxAgeHours} are allowed`;
  return { status: statusOf(value <= maxAgeHours), count: null, value, limit: maxAgeHours, message };
}

export function balance(classes: Readonly<Record<string, number>>, limit: number): Found {
  const present = Object.entries(classes).filter(([, count]) => count > 0);
  const all = present.reduce((sum, [, count]) => sum + count, 0);
  const [name, count] = present.reduce((least, each) => (each[1] < least[1] ? each : least), ['', all]);
  const value = all === 0 ? 0 : count / all;
  const message = `the rarest class, ${name}, is ${percent(value)} of the rows; at least ${percent(limit)} is asked for`;
  return { status: statusOf(value >= limit), count, value, limit, message };
}

export function constant(name: string, profile: ColumnProfile): Found {
  const kinds =
    (profile.type === 'categorical'
      ? Object.values(profile.counts).filter((count) => count > 0).length + (profile.other > 0 ? 1 : 0)
      : profile.type === 'numeric'
        ? Number(profile.count > 0) + Number(profile.min !== profile.max)
        : profile.counts.filter((count) => count > 0).length + 1) + Number(profile.missing > 0);
  const isPassed = profile.count + profile.missing < 2 || kinds > 1;
  const message = isPassed
    ? `${name} has several values`
    : `${name} has one value in all rows and tells nothing`;
  return { status: statusOf(isPassed), count: null, value: null, limit: null, message };
}

export function leak(name: string, found: WholeFindings, { target, data, features }: ModelDefinition): Found {
  const { limit } = data.checks.leak;
  const joint = found.joint.find(({ column }) => column === name);
  const none = { count: null, value: null, limit };
  if (!joint || features[name]?.type === 'text') {
    return {
      status: 'not-judged',
      ...none,
      message: `${name} is free text, which is not held against ${target.name}`,
    };
  }
  const byClass = tellingOfClasses(joint);
  const line = found.correlations.get(name);
  const byLine = line && tellingOfLine(line.correlation, line.pairs);
  // One row far out makes a straight line of any column: the order of the others must agree.
  const isLine = byLine !== undefined && byLine.least > byClass.least && byClass.share >= leastByOrder;
  const telling = isLine ? byLine : byClass;
  const what = `${name} alone tells ${percent(telling.share)} of what there is to know about ${target.name} (at least ${percent(telling.least)} is certain)`;
  const advice = `; at most ${percent(limit)}: take it out if it is not known when a prediction is made, else set data.checks.leak`;
  const isPassed = telling.least < limit;
  return {
    status: statusOf(isPassed),
    count: null,
    value: telling.share,
    limit,
    message: isPassed ? what : `${what}${advice}`,
  };
}
