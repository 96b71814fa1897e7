import type { Bin } from '../data/profile-bins.ts';
import { holmAdjusted } from '../statistics/holm.ts';
import { type Comparison, type ShiftLimits, type ShiftTest, shiftTests, stabilityOf } from './shift-tests.ts';

export type DriftVerdict = 'drifted' | 'stable' | 'not enough data';

/** What is compared: a feature, or something about the answers. */
export interface Watched {
  name: string;
  comparison: Comparison;
  /** Live rows that it was seen in. */
  sample: number;
}

/** A test with its p value made good for the whole family. */
export interface JudgedTest extends ShiftTest {
  adjusted: number;
  isDrift: boolean;
}

export interface WatchedDrift {
  name: string;
  verdict: DriftVerdict;
  reason: string;
  /** Population stability index; null when there is not enough data to say. */
  psi: number | null;
  tests: JudgedTest[];
  bins: Bin[];
}

export interface DriftLimits extends ShiftLimits {
  /** Chance that a family of tests finds drift where nothing changed. */
  falseAlarms: number;
  leastSample: number;
}

const three = (value: number) => value.toFixed(3);
/** With millions of rows a chance is less than numbers can hold. */
const least = 1e-300;
function chance(value: number): string {
  if (value < least) return `under ${least}`;
  return value < 1e-4 ? value.toExponential(0) : value.toFixed(4);
}
const what = { psi: 'PSI', distance: 'KS distance', share: 'change of a share' } as const;
const where = {
  'kolmogorov-smirnov': '',
  'mann-whitney': ' by ranks',
  'chi-square': '',
  unseen: ' of values never seen in training',
  missing: ' of missing values',
  wrong: ' of wrong answers',
} as const;

const sayTest = ({ test, measure, effect, limit, adjusted }: JudgedTest) =>
  `${what[measure]}${where[test]} ${three(effect)} (limit ${limit}; chance alone: p ${chance(adjusted)})`;

const isLarge = ({ effect, limit }: ShiftTest) => effect >= limit;

function explain(tests: JudgedTest[], { falseAlarms }: DriftLimits): string {
  const found = tests.filter(({ isDrift }) => isDrift);
  if (found.length > 0) return found.map(sayTest).join('; ');
  const byChance = tests.filter(isLarge);
  if (byChance.length > 0) {
    return `${byChance.map(sayTest).join('; ')}: with so few rows chance does as much`;
  }
  const small = tests.filter(({ adjusted }) => adjusted < falseAlarms);
  if (small.length > 0) return `${small.map(sayTest).join('; ')}: a change, and less than the limit`;
  return 'no test passes its limit';
}

const binsOf = ({ values, gaps }: Comparison) => [...values, ...gaps.map(({ bin }) => bin)];

function unjudged({ name, comparison, sample }: Watched, limits: DriftLimits): WatchedDrift | undefined {
  const bins = binsOf(comparison);
  const base = { name, verdict: 'not enough data' as const, psi: null, tests: [], bins };
  if (sample < limits.leastSample) {
    return { ...base, reason: `${sample} live rows; ${limits.leastSample} are needed` };
  }
  if (bins.every(({ frozen }) => frozen === 0)) {
    return { ...base, reason: 'there is no value to compare with' };
  }
  return undefined;
}

/**
 * Whether live distributions differ from their references: each by the tests that fit it, all of them as one family.
 *
 * Something has drifted when a test proves a difference and the difference passes its limit. With a small sample the
 * proof decides, with a large one the limit. The p values are adjusted after Holm: the chance of any false alarm in a
 * measurement is then at most `falseAlarms`, also when features hang together, as they do. (Benjamini and Hochberg's
 * way bounds the share of false names among all; an alarm that goes off for one name alone needs the former.)
 */
export function judgeShifts(watched: readonly Watched[], limits: DriftLimits): WatchedDrift[] {
  const raw = watched.map((one) => (unjudged(one, limits) ? [] : shiftTests(one.comparison, limits)));
  const adjusted = holmAdjusted(raw.flat().map(({ pValue }) => pValue));
  let place = 0;
  return watched.map((one, index) => {
    const tests = (raw[index] ?? []).map((test): JudgedTest => {
      const pValue = adjusted[place++] ?? 1;
      return { ...test, adjusted: pValue, isDrift: pValue < limits.falseAlarms && isLarge(test) };
    });
    const missing = unjudged(one, limits);
    if (missing) return missing;
    return {
      name: one.name,
      verdict: tests.some(({ isDrift }) => isDrift) ? 'drifted' : 'stable',
      reason: explain(tests, limits),
      psi: stabilityOf(one.comparison),
      tests,
      bins: binsOf(one.comparison),
    };
  });
}

const ofTraffic = { rows: 'live rows', since: 'since training' };

/**
 * One verdict for several, with what it is about in its reason.
 *
 * @param says How the rows that were seen are called, and since when something changed.
 */
export function summarise(
  found: readonly WatchedDrift[],
  sample: number,
  { leastSample }: DriftLimits,
  says = ofTraffic,
): { verdict: DriftVerdict; reason: string } {
  if (sample < leastSample) {
    const reason = `${sample} ${says.rows}; ${leastSample} are needed`;
    return { verdict: 'not enough data', reason };
  }
  const drifted = found.filter(({ verdict }) => verdict === 'drifted').map(({ name }) => name);
  if (drifted.length > 0) {
    const reason = `${drifted.join(', ')} changed ${says.since} (${sample} ${says.rows})`;
    return { verdict: 'drifted', reason };
  }
  if (found.every(({ verdict }) => verdict === 'not enough data')) {
    return { verdict: 'not enough data', reason: 'there is nothing to compare with' };
  }
  return { verdict: 'stable', reason: `nothing passes the limits (${sample} ${says.rows})` };
}
