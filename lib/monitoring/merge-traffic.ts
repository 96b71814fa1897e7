import type { ColumnProfile } from '../data/dataset.ts';
import type { AnswerCounts, TrafficProfile } from './traffic-profile.ts';

function addLists(a: readonly number[], b: readonly number[]): number[] {
  return Array.from(
    { length: Math.max(a.length, b.length) },
    (_, place) => (a[place] ?? 0) + (b[place] ?? 0),
  );
}

function addBy<Value>(
  a: Readonly<Record<string, Value>>,
  b: Readonly<Record<string, Value>>,
  add: (first: Value, second: Value) => Value,
): Record<string, Value> {
  const sum: Record<string, Value> = { ...a };
  for (const [name, value] of Object.entries(b)) {
    const known = sum[name];
    sum[name] = known === undefined ? value : add(known, value);
  }
  return sum;
}

const plus = (a: number, b: number) => a + b;

/** Both were counted on the same bins. */
function addColumns(a: ColumnProfile, b: ColumnProfile): ColumnProfile {
  const both = { count: a.count + b.count, missing: a.missing + b.missing };
  if (a.type === 'categorical' && b.type === 'categorical') {
    return { ...a, ...both, counts: addBy(a.counts, b.counts, plus), other: a.other + b.other };
  }
  if (a.type === 'categorical' || b.type === 'categorical') return a;
  return { ...a, ...both, counts: addLists(a.counts, b.counts) };
}

type ScoreBins = AnswerCounts['confidences'];

function addScores(a: ScoreBins, b: ScoreBins): ScoreBins {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, place) => ({
    rows: (a[place]?.rows ?? 0) + (b[place]?.rows ?? 0),
    score: (a[place]?.score ?? 0) + (b[place]?.score ?? 0),
  }));
}

function addAnswers(a: AnswerCounts, b: AnswerCounts): AnswerCounts {
  return {
    rows: a.rows + b.rows,
    labels: addBy(a.labels, b.labels, plus),
    values: addLists(a.values, b.values),
    confidences: addScores(a.confidences, b.confidences),
    ranks: addScores(a.ranks, b.ranks),
    expected: addBy(a.expected, b.expected, (first, second) => addBy(first, second, plus)),
    variance: a.variance + b.variance,
  };
}

function addTwo(a: TrafficProfile, b: TrafficProfile): TrafficProfile {
  const slices = new Map(a.slices.map((each) => [`${each.feature}\n${each.slice}`, each]));
  for (const each of b.slices) {
    const key = `${each.feature}\n${each.slice}`;
    const known = slices.get(key);
    slices.set(
      key,
      known
        ? {
            ...known,
            rows: known.rows + each.rows,
            features: addBy(known.features, each.features, addColumns),
          }
        : each,
    );
  }
  return {
    predictions: a.predictions + b.predictions,
    rows: a.rows + b.rows,
    features: addBy(a.features, b.features, addColumns),
    answers: addAnswers(a.answers, b.answers),
    slices: [...slices.values()],
  };
}

/** The traffic of several periods that do not overlap, counted on the same bins, as one. */
export function mergeTraffic(parts: readonly TrafficProfile[]): TrafficProfile {
  return parts.reduce(addTwo, {
    predictions: 0,
    rows: 0,
    features: {},
    answers: { rows: 0, labels: {}, values: [], confidences: [], expected: {}, ranks: [], variance: 0 },
    slices: [],
  });
}
