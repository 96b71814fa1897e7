import type { ModelDefinition } from '../model/definition.ts';
import { chiSquareHomogeneity } from '../statistics/chi-square.ts';
import { fisherGreater } from '../statistics/fisher-greater.ts';
import { kolmogorovSmirnov } from '../statistics/kolmogorov-smirnov.ts';
import { populationStability } from '../statistics/psi.ts';
import { type Check, tooFew } from './check.ts';
import { independence, type Output, type Side } from './side.ts';

interface Sample {
  outputs: Output[];
  /** What each output is worth as an independent draw. */
  factor: number;
}

function sampleOf(side: Side): Sample {
  // Rows of one request come together from one caller: a request, or a caller, is what was drawn.
  const groups = side.answered.flatMap(({ group, outputs }) => outputs.map(() => group));
  return { outputs: side.answered.flatMap(({ outputs }) => outputs), factor: independence(groups) };
}

function countsOf({ outputs, factor }: Sample, kinds: readonly Output[]): number[] {
  const counts = new Map<Output, number>();
  for (const output of outputs) counts.set(output, (counts.get(output) ?? 0) + factor);
  return kinds.map((kind) => counts.get(kind) ?? 0);
}

/** Counts in tenths of the champion's values, for the index. */
function tenthsOf(sample: Sample, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const output of sample.outputs) {
    const bin = edges.findIndex((edge) => Number(output) <= edge);
    const place = bin < 0 ? edges.length : bin;
    counts[place] = (counts[place] ?? 0) + sample.factor;
  }
  return counts;
}

function edgesOf({ outputs }: Sample): number[] {
  const sorted = outputs.map(Number).sort((a, b) => a - b);
  const edges = Array.from(
    { length: 9 },
    (_, tenth) => sorted[Math.floor(((tenth + 1) * sorted.length) / 10)] ?? 0,
  );
  return [...new Set(edges)];
}

/** A model that lost its mind answers one thing. With rare classes that moves no index, but it does not come by chance. */
function constantChance(own: Sample, its: Sample, kinds: readonly Output[]): number {
  const [only] = own.outputs;
  if (only === undefined || kinds.length < 2 || new Set(own.outputs).size > 1) return 1;
  const others = its.outputs.filter((output) => output !== only).length;
  const [trials, trialsToo] = [its.outputs.length * its.factor, own.outputs.length * own.factor].map(
    Math.round,
  );
  return fisherGreater(
    { hits: Math.min(Math.round(others * its.factor), trials ?? 0), trials: trials ?? 0 },
    { hits: 0, trials: trialsToo ?? 0 },
  );
}

/**
 * Whether the candidate's answers are spread as the champion's of the same time. A difference must be proven and be large
 * enough to count, or the candidate must answer one thing where the champion does not.
 */
export function compareOutputs(
  candidate: Side,
  champion: Side,
  part: number,
  { leastSample, outputPsi }: ModelDefinition['rollout']['judge'],
): Check {
  const [own, its] = [sampleOf(candidate), sampleOf(champion)];
  const [candidateSample, championSample] = [own.outputs.length, its.outputs.length];
  if (Math.min(candidateSample * own.factor, championSample * its.factor) < leastSample) {
    return tooFew('outputs', candidateSample, championSample, leastSample);
  }
  const isNumeric = typeof own.outputs[0] === 'number';
  const kinds = [...new Set([...own.outputs, ...its.outputs])];
  if (isNumeric) kinds.sort((a, b) => Number(a) - Number(b));
  const [counts, countsToo] = [countsOf(own, kinds), countsOf(its, kinds)];
  const difference = isNumeric
    ? kolmogorovSmirnov(counts, countsToo)
    : chiSquareHomogeneity(counts, countsToo);
  const edges = isNumeric ? edgesOf(its) : [];
  const { psi } = isNumeric
    ? populationStability(tenthsOf(its, edges), tenthsOf(own, edges))
    : populationStability(countsToo, counts);
  // Two tests of one thing share its part.
  const constant = constantChance(own, its, kinds);
  const isConstant = constant < part / 2;
  const isShifted = difference.pValue < part / 2 && psi >= outputPsi;
  const index = `the outputs differ by a stability index of ${Number(psi.toPrecision(3))}; ${outputPsi} counts`;
  return {
    name: 'outputs',
    verdict: isConstant || isShifted ? 'worse' : 'not worse',
    reason: isConstant
      ? `all ${candidateSample} rows were answered by ${String(own.outputs[0])}, which the champion does not; ${index}`
      : index,
    pValue: Math.min(1, 2 * Math.min(constant, difference.pValue)),
    candidateSample,
    championSample,
    detectable: null,
  };
}
