import { signatureOf } from '../model/signature.ts';
import { EvergreenError } from '../shared/errors.ts';
import { compareGolden } from './golden.ts';
import { openPackage, type PackageReference, type ReadObject, type Trust } from './package.ts';
import type { Prediction } from './prediction-record.ts';

export interface ReplayOutcome {
  verdict: 'pass' | 'fail';
  reasons: string[];
  rows: number;
  /** Of single rows, in milliseconds; null when none was answered. */
  p50Ms: number | null;
  p99Ms: number | null;
}

const refusals: readonly string[] = [
  'artifact-damaged',
  'signature-missing',
  'signature-untrusted',
  'model-inadmissible',
  'golden-mismatch',
  'model-failed',
];
/** A percentile of fewer runs would be that of chance. */
const leastRuns = 100;

function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/**
 * Loads a package as serving does and sends its golden rows through it one by one, before any traffic goes there.
 *
 * @param stopwatch A clock for durations, in milliseconds.
 * @throws EvergreenError `artifact-missing` when a file is not there, which a retry may help.
 */
export async function replayPackage(
  reference: PackageReference,
  read: ReadObject,
  trust: Trust,
  stopwatch: () => number = () => performance.now(),
): Promise<ReplayOutcome> {
  const failed = (thrown: EvergreenError): ReplayOutcome => ({
    verdict: 'fail',
    reasons: [`${thrown.code}: ${thrown.message}`],
    rows: 0,
    p50Ms: null,
    p99Ms: null,
  });
  try {
    const { session, golden, definition, readRows } = await openPackage(reference, read, trust);
    const names = Object.keys(definition.features);
    const durations: number[] = [];
    const answers: Prediction[] = [];
    while (durations.length < Math.max(leastRuns, golden.rows.length)) {
      const row = golden.rows[durations.length % golden.rows.length] ?? {};
      const begun = stopwatch();
      // As a request brings it, so that a definition that refuses its own golden rows is seen here.
      const cells = Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
      const predicted = await session.predict(readRows([cells]));
      durations.push(stopwatch() - begun);
      if (answers.length < golden.rows.length) answers.push(...predicted);
    }
    await session.release();
    const { outputs } = signatureOf(definition);
    const difference = compareGolden(answers, golden, 'label' in outputs ? outputs.classes : []);
    const sorted = durations.toSorted((a, b) => a - b);
    return {
      verdict: difference === undefined ? 'pass' : 'fail',
      reasons: [
        difference === undefined
          ? `${golden.rows.length} golden rows answered as trained`
          : `golden-mismatch: ${difference}`,
      ],
      rows: golden.rows.length,
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
    };
  } catch (thrown) {
    if (thrown instanceof EvergreenError && (refusals.includes(thrown.code) || thrown.kind === 'invalid')) {
      return failed(thrown);
    }
    throw thrown;
  }
}
