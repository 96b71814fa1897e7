import type { Row } from '../data/dataset.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { Prediction } from './prediction-record.ts';

/** What is known instead of a feature that is left out, and in which orders features come in. */
export interface Reference {
  /** Rows that stand for "not known". */
  background: readonly Row[];
  /** Orders to sample, each with its reverse; none where all coalitions are asked. */
  permutations: readonly (readonly number[])[];
}

/** Shapley values of one row: base + sum of contributions = answer. */
export interface Attribution {
  /** Of a classifier with scores: the score of the given label. Without scores: 1, the vote. Else the value. */
  answer: number;
  /** Mean answer over the background. */
  base: number;
  contributions: Record<string, number>;
}

export interface ShapleyRequest {
  row: Row;
  /** What the session answers to the row. */
  prediction: Prediction;
  features: readonly string[];
  reference: Reference;
  predict: (rows: readonly Row[]) => Promise<readonly Prediction[]>;
  /** Called before each batch; throws when there is no time left. */
  beforeBatch: () => Promise<void>;
}

const rowsPerBatch = 1024;
const mostEnumerated = 12;

/** Which features are the row's; the others are the background's. */
type Coalition = readonly boolean[];
type Worth = (coalitions: readonly Coalition[]) => Promise<number[]>;

function compileAnswer(explained: Prediction): (prediction: Prediction) => number {
  return (prediction) => {
    if ('value' in prediction) return prediction.value;
    if (!('label' in explained)) throw new EvergreenError('internal', 'a value was explained by labels');
    if (prediction.scores) return prediction.scores[explained.label] ?? 0;
    return prediction.label === explained.label ? 1 : 0;
  };
}

function mix(row: Row, other: Row, features: readonly string[], coalition: Coalition): Row {
  const mixed: Row = {};
  for (const [place, name] of features.entries()) {
    mixed[name] = (coalition[place] ? row[name] : other[name]) ?? null;
  }
  return mixed;
}

function worthOf(request: ShapleyRequest, answerOf: (prediction: Prediction) => number): Worth {
  const { row, features, reference, predict, beforeBatch } = request;
  const { background } = reference;
  const step = Math.max(1, Math.floor(rowsPerBatch / background.length));
  return async (coalitions) => {
    const worths: number[] = [];
    for (let start = 0; start < coalitions.length; start += step) {
      await beforeBatch();
      const some = coalitions.slice(start, start + step);
      const rows = some.flatMap((coalition) =>
        background.map((other) => mix(row, other, features, coalition)),
      );
      const answers = (await predict(rows)).map(answerOf);
      for (let from = 0; from < answers.length; from += background.length) {
        const part = answers.slice(from, from + background.length);
        worths.push(part.reduce((sum, each) => sum + each, 0) / background.length);
      }
    }
    return worths;
  };
}

interface Shares {
  base: number;
  shares: number[];
}

/** Shapley 1953: every coalition is asked, but for the whole, whose worth is the answer. */
async function enumerate(count: number, answer: number, worth: Worth): Promise<Shares> {
  const size = 2 ** count;
  const coalitions = Array.from({ length: size - 1 }, (_, mask) =>
    Array.from({ length: count }, (_, place) => ((mask >> place) & 1) === 1),
  );
  const worths = [...(await worth(coalitions)), answer];
  // Of a coalition of k others: k! (n-1-k)! / n!
  const weights: number[] = [1 / count];
  for (let k = 1; k < count; k++) weights.push(((weights[k - 1] ?? 0) * k) / (count - k));
  const shares = new Array<number>(count).fill(0);
  for (let mask = 0; mask < size; mask++) {
    const members = coalitions[mask]?.filter(Boolean).length ?? count;
    for (let place = 0; place < count; place++) {
      const isMember = ((mask >> place) & 1) === 1;
      const weight = (isMember ? weights[members - 1] : weights[members]) ?? 0;
      shares[place] = (shares[place] ?? 0) + (isMember ? weight : -weight) * (worths[mask] ?? 0);
    }
  }
  return { base: worths[0] ?? answer, shares };
}

/**
 * Mean over orders and their reverses of what each feature brings; within an order that adds up.
 *
 * Source: Mitchell et al. 2022, Sampling permutations for Shapley value estimation.
 */
async function sample(
  count: number,
  answer: number,
  worth: Worth,
  permutations: Reference['permutations'],
): Promise<Shares> {
  const orders = permutations.flatMap((order) => [order, order.toReversed()]);
  const [base = answer] = await worth([new Array<boolean>(count).fill(false)]);
  const shares = new Array<number>(count).fill(0);
  for (const order of orders) {
    const members = new Array<boolean>(count).fill(false);
    const coalitions = order.slice(0, -1).map((place) => {
      members[place] = true;
      return [...members];
    });
    const steps = [base, ...(await worth(coalitions)), answer];
    for (const [step, place] of order.entries()) {
      shares[place] = (shares[place] ?? 0) + ((steps[step + 1] ?? 0) - (steps[step] ?? 0)) / orders.length;
    }
  }
  return { base, shares };
}

/**
 * How much each feature moved a model's answer to a row away from its mean answer over the background
 * (interventional Shapley values), from the answers of the session alone.
 *
 * Exact by asking all coalitions, or, where the reference has orders, sampled from them. The training side
 * (training/evergreen_training/explanation/shapley.py) does the same.
 *
 * @throws EvergreenError `model-failed` when a composed row is not answered.
 */
export async function shapleyOf(request: ShapleyRequest): Promise<Attribution> {
  const { features, prediction, reference } = request;
  const { permutations } = reference;
  if (permutations.length === 0 && features.length > mostEnumerated) {
    throw new EvergreenError('internal', `${features.length} features without orders to sample`);
  }
  const answerOf = compileAnswer(prediction);
  const answer = answerOf(prediction);
  const worth = worthOf(request, answerOf);
  const { base, shares } =
    permutations.length > 0
      ? await sample(features.length, answer, worth, permutations)
      : await enumerate(features.length, answer, worth);
  const contributions = Object.fromEntries(features.map((name, place) => [name, shares[place] ?? 0]));
  return { answer, base, contributions };
}
