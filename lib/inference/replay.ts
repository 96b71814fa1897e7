import type { ModelDefinition } from '../model/definition.ts';
import { signatureOf } from '../model/signature.ts';
import { EvergreenError } from '../shared/errors.ts';
import { askAgain } from './captured-requests.ts';
import { type Answered, type Disagreement, findDisagreement } from './disagreement.ts';
import { compareGolden } from './golden.ts';
import {
  type LoadedModel,
  openPackage,
  type PackageReference,
  type ReadObject,
  type Trust,
} from './package.ts';
import type { Prediction, PredictionRecord } from './prediction-record.ts';

export interface ReplayOutcome {
  verdict: 'pass' | 'fail';
  reasons: string[];
  /** Golden rows that were answered, and captured requests. */
  rows: number;
  requests: number;
  /** In milliseconds; null when nothing was answered. */
  p50Ms: number | null;
  p99Ms: number | null;
  championP50Ms: number | null;
  disagreement: Disagreement | null;
}

export interface ReplayRequest {
  candidate: PackageReference;
  /** What is live; null when nothing is. */
  champion: PackageReference | null;
  /** Newest first. */
  captured: readonly PredictionRecord[];
  policy: Pick<ModelDefinition['rollout'], 'replay' | 'limits'>;
  /** Share of the captured rows that may be answered otherwise than by the champion. @default - any */
  mostDisagreement?: number | undefined;
}

export interface ReplayParts {
  read: ReadObject;
  trust: Trust;
  /** A clock for durations, in milliseconds. */
  stopwatch?: () => number;
}

const refusals: readonly string[] = [
  'artifact-damaged',
  'signature-missing',
  'signature-untrusted',
  'model-inadmissible',
  'golden-mismatch',
  'model-failed',
];
/** A percentile of fewer runs would be that of chance; a version that is too slow for so many is told by fewer. */
const leastRuns = 100;
const goldenMs = 20_000;
const capturedMs = 60_000;

function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** A loaded version together with how long it took for what it was asked. */
class Timed {
  readonly #loaded: LoadedModel;
  readonly #stopwatch: () => number;
  readonly #durations: number[] = [];

  constructor(loaded: LoadedModel, stopwatch: () => number) {
    this.#loaded = loaded;
    this.#stopwatch = stopwatch;
  }

  /** As a request brings them, so that a definition that refuses its own rows is seen. */
  async ask(rows: readonly object[]): Promise<Prediction[]> {
    const { session, readRows, definition } = this.#loaded;
    const names = Object.keys(definition.features);
    const given = rows.map((row) => {
      const cells = new Map<string, unknown>(Object.entries(row));
      return Object.fromEntries(names.map((name) => [name, cells.get(name) ?? null]));
    });
    const begun = this.#stopwatch();
    const predicted = await session.predict(readRows(given));
    this.#durations.push(this.#stopwatch() - begun);
    return predicted;
  }

  get totalMs(): number {
    return this.#durations.reduce((sum, duration) => sum + duration, 0);
  }

  quantile(share: number): number | null {
    return quantile(
      this.#durations.toSorted((a, b) => a - b),
      share,
    );
  }
}

async function replayGolden({ golden, definition }: LoadedModel, timed: Timed): Promise<string | undefined> {
  const answers: Prediction[] = [];
  const { length } = golden.rows;
  for (let run = 0; run < length || (run < leastRuns && timed.totalMs < goldenMs); run += 1) {
    const predicted = await timed.ask([golden.rows[run % length] ?? {}]);
    if (answers.length < length) answers.push(...predicted);
  }
  const { outputs } = signatureOf(definition);
  return compareGolden(answers, golden, 'label' in outputs ? outputs.classes : []);
}

/**
 * Sends golden rows one by one, and then the last captured requests, through a version that is loaded as serving does,
 * before any traffic goes there. The champion is asked the same, row for row, for its latency and its answers.
 *
 * @throws EvergreenError `artifact-missing` when a file is not there, which a retry may help.
 */
export async function replayPackage(
  { candidate, champion, captured, policy, mostDisagreement = 1 }: ReplayRequest,
  { read, trust, stopwatch = () => performance.now() }: ReplayParts,
): Promise<ReplayOutcome> {
  const outcome: ReplayOutcome = {
    verdict: 'fail',
    reasons: [],
    rows: 0,
    requests: 0,
    p50Ms: null,
    p99Ms: null,
    championP50Ms: null,
    disagreement: null,
  };
  let own: LoadedModel | undefined;
  let its: LoadedModel | undefined;
  try {
    own = await openPackage(candidate, read, trust);
    const timed = new Timed(own, stopwatch);
    const difference = await replayGolden(own, timed);
    outcome.rows = own.golden.rows.length;
    if (difference !== undefined) return { ...outcome, reasons: [`golden-mismatch: ${difference}`] };
    outcome.reasons.push(`${outcome.rows} golden rows answered as trained`);
    its = champion ? await openChampion(champion, read, trust) : undefined;
    const itsTimed = its && new Timed(its, stopwatch);
    if (its && itsTimed) {
      for (const row of own.golden.rows) await ignoringRefusal(() => itsTimed.ask([row]));
    }
    const again = askAgain(captured.slice(0, policy.replay.requests), own.definition);
    if ('reason' in again) outcome.reasons.push(`nothing captured was asked again: ${again.reason}`);
    else {
      const answered: Answered[] = [];
      for (const rows of again.requests) {
        if (timed.totalMs > capturedMs) break;
        outcome.requests += 1;
        const predicted = await timed.ask(rows);
        const before = itsTimed && (await ignoringRefusal(() => itsTimed.ask(rows)));
        for (const [place, row] of rows.entries()) {
          const [mine, theirs] = [predicted[place], before?.[place]];
          if (mine && theirs) answered.push({ row, candidate: mine, champion: theirs });
        }
      }
      outcome.reasons.push(`${outcome.requests} captured requests answered`);
      if (answered.length > 0) outcome.disagreement = findDisagreement(answered, own.definition);
    }
    outcome.p50Ms = timed.quantile(0.5);
    outcome.p99Ms = timed.quantile(0.99);
    outcome.championP50Ms = itsTimed?.quantile(0.5) ?? null;
    const bad = whyTooSlow(outcome, policy) ?? whyTooDifferent(outcome, mostDisagreement);
    return bad === undefined ? { ...outcome, verdict: 'pass' } : { ...outcome, reasons: [bad] };
  } catch (thrown) {
    if (thrown instanceof EvergreenError && (refusals.includes(thrown.code) || thrown.kind === 'invalid')) {
      return { ...outcome, reasons: [reasonOf(thrown)] };
    }
    throw thrown;
  } finally {
    await own?.session.release();
    await its?.session.release();
  }
}

/** A champion that cannot be opened is no fault of the candidate; serving has its own ways to tell. */
async function openChampion(
  champion: PackageReference,
  read: ReadObject,
  trust: Trust,
): Promise<LoadedModel | undefined> {
  try {
    return await openPackage(champion, read, trust);
  } catch (thrown) {
    if (thrown instanceof EvergreenError && refusals.includes(thrown.code)) return undefined;
    throw thrown;
  }
}

/** Rows of the candidate may not fit the definition of the champion, which may fail as well: then there is no answer. */
async function ignoringRefusal(ask: () => Promise<Prediction[]>): Promise<Prediction[] | undefined> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof EvergreenError) return undefined;
    throw thrown;
  }
}

/** What keeps golden rows from being answered at all is told by its own name. */
function reasonOf(thrown: EvergreenError): string {
  const { code, cause, message } = thrown;
  const isWrapped = code === 'golden-mismatch' && cause instanceof EvergreenError;
  return isWrapped ? `${cause.code}: ${cause.message}` : `${code}: ${message}`;
}

function whyTooSlow(
  { p50Ms, p99Ms, championP50Ms }: ReplayOutcome,
  { replay, limits }: ReplayRequest['policy'],
): string | undefined {
  if (p99Ms !== null && p99Ms > limits.p99LatencyMs) {
    return `too-slow: the 99th percentile of latency is ${Math.round(p99Ms)} ms; at most ${limits.p99LatencyMs} ms may be`;
  }
  if (p50Ms === null || championP50Ms === null) return undefined;
  const allowed = championP50Ms * replay.latencyFactor + replay.latencySlackMs;
  if (p50Ms <= allowed) return undefined;
  const shown = (value: number) => Number(value.toPrecision(3));
  return `too-slow: half of the requests took longer than ${shown(p50Ms)} ms, of the champion's ${shown(championP50Ms)} ms; ${shown(allowed)} ms are allowed`;
}

function whyTooDifferent({ disagreement }: ReplayOutcome, most: number): string | undefined {
  if (!disagreement || disagreement.differing <= most * disagreement.rows) return undefined;
  return `disagreement: ${disagreement.differing} of ${disagreement.rows} captured rows are answered otherwise than by the champion; at most ${Math.round(most * 1000) / 10} % may be`;
}
