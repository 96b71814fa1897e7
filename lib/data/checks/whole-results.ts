import type { ModelDefinition } from '../../model/definition.ts';
import { wilsonBounds } from '../../statistics/wilson.ts';
import type { ColumnProfile, DatasetProfile } from '../dataset.ts';
import type { CheckResult } from './check-result.ts';
import type { JointCounts } from './joint-counts.ts';
import { haveFlipsGrown, type LabelFlips } from './label-flips.ts';
import { tellingOfClasses, tellingOfLine } from './leak.ts';
import { judgeShift } from './shift.ts';

/** What was measured of the accepted rows as a whole. */
export interface WholeFindings {
  rows: { read: number; accepted: number; duplicates: number };
  profiles: Readonly<Record<string, ColumnProfile>>;
  joint: readonly JointCounts[];
  correlations: ReadonlyMap<string, { correlation: number; pairs: number }>;
  onOtherBins: ReadonlyMap<string, readonly number[]>;
  classes: Readonly<Record<string, number>> | null;
  sharedIdentity: number | null;
  conflictingLabels: number | null;
  /** Of each set of columns that must be unique. */
  repeated: readonly number[];
  greatestNearGroup: number | null;
  /** Seconds since 1970. */
  newest: number | null;
  sources: readonly { source: string; rows: number; outlying: number }[];
  labelFlips: LabelFlips | null;
  /** The dataset of the champion; null when there is none. */
  earlier: DatasetProfile | null;
  now: Date;
}

type Found = Pick<CheckResult, 'status' | 'count' | 'value' | 'limit' | 'message'>;

/** What a column must tell of the tenths of a numeric target for its straight line to count. */
const leastByOrder = 0.5;

const percent = (share: number) => `${Number((share * 100).toPrecision(3))}%`;
const rows = (count: number) => (count === 1 ? '1 row' : `${count} rows`);
const statusOf = (isPassed: boolean) => (isPassed ? 'passed' : 'failed');

/** The checks of the whole, in the order of the definition's field; those that are off are left out. */
export function wholeResults(found: WholeFindings, definition: ModelDefinition): CheckResult[] {
  const { checks } = definition.data;
  const results: CheckResult[] = [];
  const add = (
    check: CheckResult['check'],
    family: CheckResult['family'],
    column: string | null,
    { action }: { action: 'reject' | 'warn' | 'off' },
    result: Found,
  ) => {
    if (action !== 'off') results.push({ check, family, column, action, ...result });
  };
  add('duplicates', 'consistency', null, { action: 'warn' }, duplicates(found, definition));
  for (const [place, each] of checks.unique.entries()) {
    add(
      'unique',
      'consistency',
      each.columns.join(', '),
      each,
      unique(found.repeated[place] ?? 0, each.columns),
    );
  }
  if (found.sharedIdentity !== null) {
    const what = `${rows(found.sharedIdentity)} share ${definition.identity.join(', ')} with a row of other values`;
    add(
      'identity',
      'consistency',
      definition.identity.join(', '),
      checks.identity,
      shareOf(found, found.sharedIdentity, checks.identity.mostShare, what),
    );
  }
  if (found.conflictingLabels !== null) {
    const by = definition.identity.length > 0 ? definition.identity.join(', ') : 'all features';
    const what = `${rows(found.conflictingLabels)} share ${by} with a row of another ${definition.target.name}`;
    add(
      'conflicting-labels',
      'consistency',
      definition.target.name,
      checks.conflictingLabels,
      shareOf(found, found.conflictingLabels, checks.conflictingLabels.mostShare, what),
    );
  }
  if (checks.freshness) {
    add(
      'freshness',
      'reliability',
      checks.freshness.column,
      checks.freshness,
      freshness(found, checks.freshness),
    );
  }
  if (found.classes)
    add(
      'class-balance',
      'reliability',
      definition.target.name,
      checks.classBalance,
      balance(found.classes, checks.classBalance.leastShare),
    );
  for (const name of Object.keys(definition.features)) {
    const profile = found.profiles[name];
    if (profile) add('constant', 'reliability', name, checks.constants, constant(name, profile));
    add('leak', 'reliability', name, checks.leak, leak(name, found, definition));
  }
  addAgainstEarlier(add, found, definition);
  if (found.labelFlips)
    add(
      'label-flips',
      'reliability',
      definition.target.name,
      actionOfFlips(found, definition),
      flips(found.labelFlips, found, definition),
    );
  add(
    'near-duplicates',
    'reliability',
    null,
    checks.nearDuplicates,
    nearDuplicates(found, checks.nearDuplicates),
  );
  if (checks.sources) {
    for (const { source, rows: many, outlying } of found.sources) {
      add(
        'source-outliers',
        'reliability',
        checks.sources.column,
        checks.sources,
        sourceOutliers(source, many, outlying, checks.sources),
      );
    }
  }
  return results;
}

function duplicates({ rows: { duplicates: count } }: WholeFindings, { data }: ModelDefinition): Found {
  const what = data.duplicates === 'drop' ? 'left out' : 'kept';
  const message =
    count === 0
      ? 'no row is an exact copy of another'
      : `${rows(count)} ${count === 1 ? 'is an exact copy' : 'are exact copies'} of an earlier one and ${count === 1 ? 'was' : 'were'} ${what}`;
  return { status: statusOf(count === 0), count, value: null, limit: null, message };
}

function unique(count: number, columns: readonly string[]): Found {
  const names = columns.join(', ');
  const message =
    count === 0
      ? `no two rows share ${names}`
      : `${rows(count)} repeat ${names} of an earlier row; each may be there once`;
  return { status: statusOf(count === 0), count, value: null, limit: null, message };
}

function shareOf({ rows: { read } }: WholeFindings, count: number, limit: number, what: string): Found {
  const value = read === 0 ? 0 : count / read;
  const message = `${what} (${percent(value)}; at most ${percent(limit)})`;
  return { status: statusOf(value <= limit), count, value, limit, message };
}

function freshness(
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
  const message = `the newest ${column} is ${Number(value.toFixed(1))} hours old; at most ${maxAgeHours} are allowed`;
  return { status: statusOf(value <= maxAgeHours), count: null, value, limit: maxAgeHours, message };
}

function balance(classes: Readonly<Record<string, number>>, limit: number): Found {
  const present = Object.entries(classes).filter(([, count]) => count > 0);
  const all = present.reduce((sum, [, count]) => sum + count, 0);
  const [name, count] = present.reduce((least, each) => (each[1] < least[1] ? each : least), ['', all]);
  const value = all === 0 ? 0 : count / all;
  const message = `the rarest class, ${name}, is ${percent(value)} of the rows; at least ${percent(limit)} is asked for`;
  return { status: statusOf(value >= limit), count, value, limit, message };
}

function constant(name: string, profile: ColumnProfile): Found {
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

function leak(name: string, found: WholeFindings, { target, data, features }: ModelDefinition): Found {
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

type Add = (
  check: CheckResult['check'],
  family: CheckResult['family'],
  column: string | null,
  asked: { action: 'reject' | 'warn' | 'off' },
  result: Found,
) => void;

function addAgainstEarlier(
  add: Add,
  found: WholeFindings,
  { target, features, data }: ModelDefinition,
): void {
  const { earlier } = found;
  if (!earlier) return;
  const names = [...Object.keys(features), target.name];
  for (const name of names) {
    const isTarget = name === target.name;
    const then = isTarget ? earlier.target : earlier.features[name];
    const now = found.profiles[name];
    if (!then || !now) continue;
    const asked = isTarget ? data.checks.labelShift : data.checks.shift;
    const shift = judgeShift(then, now, found.onOtherBins.get(name), asked, isTarget ? 1 : names.length - 1);
    const status = shift.verdict === 'not-judged' ? 'not-judged' : statusOf(shift.verdict === 'stable');
    const verb = shift.verdict === 'shifted' ? 'is distributed otherwise than' : 'against what it was';
    const message = `${name} ${verb} in ${earlier.datasetId}: ${shift.reason}`;
    add(isTarget ? 'label-shift' : 'shift', 'reliability', name, asked, {
      status,
      count: null,
      value: shift.psi,
      limit: asked.psi,
      message,
    });
  }
}

/** Without an earlier dataset there is nothing that tells flipped labels from hard rows: it is only warned of. */
function actionOfFlips(
  { earlier }: WholeFindings,
  { data }: ModelDefinition,
): { action: 'reject' | 'warn' | 'off' } {
  const { action } = data.checks.labelFlips;
  return { action: action === 'reject' && !earlier?.labelFlips ? 'warn' : action };
}

function flips(now: LabelFlips, { earlier }: WholeFindings, { data }: ModelDefinition): Found {
  const { leastSample, mostShare, increase } = data.checks.labelFlips;
  const value = now.judged === 0 ? 0 : now.disagreeing / now.judged;
  const what = `${now.disagreeing} of ${now.judged} labels (${percent(value)}) contradict the rows most like theirs`;
  const count = now.disagreeing;
  if (now.judged < leastSample) {
    return {
      status: 'not-judged',
      count,
      value,
      limit: mostShare,
      message: `${what}; ${leastSample} rows are needed to judge`,
    };
  }
  const then = earlier?.labelFlips;
  if (then) {
    const before = then.judged === 0 ? 0 : then.disagreeing / then.judged;
    const isPassed = !haveFlipsGrown(now, then, increase);
    const message = `${what}; in ${earlier?.datasetId} it was ${percent(before)}, and ${percent(increase)} more are allowed`;
    return { status: statusOf(isPassed), count, value, limit: before + increase, message };
  }
  const isPassed = wilsonBounds(now.disagreeing, now.judged).least <= mostShare;
  return {
    status: statusOf(isPassed),
    count,
    value,
    limit: mostShare,
    message: `${what}; at most ${percent(mostShare)}`,
  };
}

function nearDuplicates(
  { greatestNearGroup: count, rows: { accepted } }: WholeFindings,
  { mostShare, leastRows }: { mostShare: number; leastRows: number },
): Found {
  if (count === null) {
    const message = 'rows cannot be told apart closely: no number has many values';
    return { status: 'not-judged', count: null, value: null, limit: mostShare, message };
  }
  const value = accepted === 0 ? 0 : count / accepted;
  const isPassed = count < leastRows || value <= mostShare;
  const message = `the greatest group of nearly equal rows has ${rows(count)} (${percent(value)}; at most ${percent(mostShare)})`;
  return { status: statusOf(isPassed), count, value, limit: mostShare, message };
}

function sourceOutliers(
  source: string,
  many: number,
  outlying: number,
  { mostShare, leastRows, column }: { mostShare: number; leastRows: number; column: string },
): Found {
  const value = many === 0 ? 0 : outlying / many;
  const what = `${outlying} of ${rows(many)} of ${column} ${source} hold an outlier (${percent(value)}; at most ${percent(mostShare)})`;
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
