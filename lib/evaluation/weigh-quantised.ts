import type { Row } from '../data/dataset.ts';
import type { ModelSession, SessionRequest } from '../inference/session.ts';
import { mainMetric } from '../model/gate.ts';
import { EvergreenError } from '../shared/errors.ts';
import { compareVersions } from './comparison.ts';
import { answer } from './evaluate-versions.ts';
import type { QuantisationEvaluation } from './evaluation.ts';
import { toSample } from './sample.ts';

/** A file that may serve, loaded. */
export interface LoadedFile {
  request: SessionRequest;
  session: ModelSession;
}

export interface Weighed {
  full: LoadedFile;
  /** The loaded file with 8-bit weights, or why there is none. */
  quantised: LoadedFile | { reason: string; isRefused: boolean };
  /** Held-out rows, with the target. */
  rows: readonly Row[];
  mostLoss: number;
}

/** Differences of figures come from sums of floating-point numbers. */
const rounding = 1e-12;

const shown = (value: number | null) => (value === null ? 'none' : String(Number(value.toPrecision(6))));
const weighed = ({ request }: LoadedFile, value: number | null) => ({
  modelDigest: request.modelDigest,
  bytes: request.model.length,
  value,
});

/**
 * Lets the full file and the one with 8-bit weights answer the same held-out rows: the latter is served when the main
 * metric gets worse by no more than the definition allows. What was not measured is refused.
 */
export async function weighQuantised({
  full,
  quantised,
  rows,
  mostLoss,
}: Weighed): Promise<QuantisationEvaluation> {
  const { definition } = full.request;
  const metric = mainMetric(definition.task);
  const asked = { kind: 'int8', metric, mostLoss } as const;
  const sampleOf = async ({ session }: LoadedFile) =>
    toSample(rows, await answer({ predict: (some) => session.predict(some) }, rows), definition);
  const notCompared = (reason: string, isRefused: boolean): QuantisationEvaluation => ({
    ...asked,
    full: weighed(full, null),
    quantised: null,
    loss: null,
    interval: null,
    verdict: isRefused ? 'refused' : 'none',
    reason: `${reason}; the full file is served`,
  });
  if ('reason' in quantised) return notCompared(quantised.reason, quantised.isRefused);
  const theirs = await sampleOf(full);
  let ours: typeof theirs;
  try {
    ours = await sampleOf(quantised);
  } catch (thrown) {
    if (!(thrown instanceof EvergreenError) || thrown.code !== 'model-failed') throw thrown;
    return notCompared(`the int8 file cannot answer the held-out rows: ${thrown.message}`, true);
  }
  const rule = { metric, margin: mostLoss };
  const { candidate, champion, gain, interval } = compareVersions(ours, theirs, rule, {
    seed: definition.train.seed,
  });
  const loss = gain === null ? null : 0 - gain;
  const isServed = loss !== null && loss <= mostLoss + rounding;
  const found = `${metric} is ${shown(candidate)} with int8 weights and ${shown(champion)} without, a loss of ${shown(loss)}`;
  return {
    ...asked,
    full: weighed(full, champion),
    quantised: weighed(quantised, candidate),
    loss,
    interval: interval && { low: 0 - interval.high, high: 0 - interval.low },
    verdict: isServed ? 'served' : 'refused',
    reason: `${found}; at most ${shown(mostLoss)} is allowed, so the ${isServed ? 'int8' : 'full'} file is served`,
  };
}
