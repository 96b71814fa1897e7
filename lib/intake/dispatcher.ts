import type { SourceObject } from '../data/dataset.ts';
import type { DeployedModel } from '../model/deployed-model.ts';
import { backoffMs, type Pause } from '../shared/backoff.ts';
import { EvergreenError } from '../shared/errors.ts';
import { type Arrival, refusalOf, runIdOf } from './arrival.ts';
import { enqueue, finish, giveTurn, holds, type Queue, settle } from './queue.ts';
import { isEnded, type PipelineInput, type PipelineOutput, type Run, type RunStatus } from './run.ts';
import type { RunStore } from './runs.store.ts';

/** How the pipeline's executions are reached. */
export interface Executions {
  /** Starts an execution named after the run; one of that name that is there already counts as started. */
  start(input: PipelineInput): Promise<void>;
  /** How the execution stands; undefined when there is none of that name. */
  describe(runId: string): Promise<Ending | 'running' | undefined>;
}

/** How an execution ended. */
export type Ending =
  | { status: 'succeeded'; output: PipelineOutput }
  | { status: 'failed' | 'timed-out' | 'aborted'; error: string; cause: string };

export interface Dispatched {
  runId: string;
  status: RunStatus | 'duplicate';
  reason: string;
}

/** What the dispatcher needs of the run list and the queues. */
export type RunRecords = Pick<
  RunStore,
  'find' | 'read' | 'add' | 'update' | 'readQueue' | 'writeQueue' | 'noteSequencer'
>;

export interface DispatcherParts {
  runs: RunRecords;
  executions: Executions;
  models: ReadonlyMap<string, DeployedModel>;
  /** Keeps the definition a run began with where its steps find it. */
  keepDefinition(deployed: DeployedModel): Promise<void>;
  now(): Date;
  /** Waits before the queue is tried again that somebody else changed. */
  pause: Pause;
}

const queueAttempts = 30;
const longestReason = 2000;

/** An execution that was started this long ago and is not there is gone: it was lost, not just begun. */
const lostAfterMs = 5 * 60_000;

const open: RunStatus[] = ['queued', 'running', 'waiting-for-approval'];

/** Turns arrivals into runs: each exactly once, one at a time for a model beside those in an A/B test, the newest waiting one next. */
export class Dispatcher {
  readonly #parts: DispatcherParts;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** May be called again with the same arrival at any time: what was done is not done again, what was not is. */
  async accept(arrival: Arrival): Promise<Dispatched> {
    const { runs, models, now } = this.#parts;
    const deployed = models.get(arrival.model);
    const runId = runIdOf(arrival, deployed?.digest ?? null);
    const known = await runs.find(runId);
    if (known && known.status !== 'queued') {
      const reason = `this arrival is run ${runId} already, which is ${known.status}`;
      return { runId, status: 'duplicate', reason };
    }

    const refusal = refusalOf(arrival, models);
    if (refusal !== undefined || !deployed) {
      const reason = refusal ?? `no model is named ${arrival.model}`;
      const endedAt = now().toISOString();
      const ended = { ...newRun(arrival, runId, null, now()), status: 'refused' as const, reason, endedAt };
      if (!(await runs.add(ended))) await this.#close(runId, ['queued'], 'refused', reason);
      return { runId, status: 'refused', reason };
    }

    await this.#parts.keepDefinition(deployed);
    await runs.add(newRun(arrival, runId, deployed.digest, now()));
    await this.#freeLostLock(arrival.model);
    const noPlace = await this.#changeQueue(arrival.model, async (before) => {
      // Asked again whenever the queue changed meanwhile, so that no older version slips in behind a newer one.
      if (holds(before, runId)) return before;
      // A second delivery may have been held up while the first one's run came to its end.
      if ((await runs.read(runId)).status !== 'queued') return before;
      if (!(await this.#isNewest(arrival)))
        return 'a later version of the same object arrived before this one';
      const { kind } = arrival.trigger;
      return enqueue(before, { runId, kind }) ?? 'an upload waits already; a retrain does not take its place';
    });
    if (noPlace !== undefined) await this.#close(runId, ['queued'], 'superseded', noPlace);
    await this.#goOn(arrival.model);
    const { status, reason } = await runs.read(runId);
    return { runId, status, reason };
  }

  /**
   * Records how a run ended and starts the next one.
   *
   * @throws EvergreenError `service-unavailable` when the execution is still said to run: Step Functions tells of an
   *   end before each of its readers knows.
   */
  async end(runId: string, model: string): Promise<void> {
    const ending = await this.#parts.executions.describe(runId);
    if (ending === 'running') {
      throw new EvergreenError(
        'service-unavailable',
        `the execution of run ${runId} is said to run although its end was told; try again`,
      );
    }
    if (ending === undefined) return;
    await this.#finish(runId, model, ending);
    await this.#goOn(model);
  }

  /** Lets the next run of a model begin beside one whose version is in an A/B test that others may join. */
  async letJoin(runId: string, model: string): Promise<void> {
    // Told late, when its end is known already: nothing goes on because of it.
    const run = await this.#parts.runs.find(runId);
    if (!run || isEnded(run.status)) return;
    await this.#changeQueue(model, async (before) => giveTurn(before, runId));
    await this.#goOn(model);
  }

  async #isNewest({ order }: Arrival): Promise<boolean> {
    return order === null || this.#parts.runs.noteSequencer(order.of, order.sequencer);
  }

  /** A run whose execution ended without word, or was lost, must not block the model for ever. */
  async #freeLostLock(model: string): Promise<void> {
    const { runs, executions, now } = this.#parts;
    const { running } = await runs.readQueue(model);
    if (running === null) return;
    const ending = await executions.describe(running);
    if (ending === 'running') return;
    if (ending) return this.#finish(running, model, ending);
    const { startedAt } = await runs.read(running);
    if (startedAt === null || now().getTime() - Date.parse(startedAt) < lostAfterMs) return;
    await this.#finish(running, model, {
      status: 'failed',
      error: 'interrupted',
      cause: 'its execution is gone',
    });
  }

  async #finish(runId: string, model: string, ending: Ending): Promise<void> {
    await this.#record(runId, ending);
    await this.#changeQueue(model, async (before) => finish(before, runId));
  }

  /** Answers why the queue stays as it is when the rule says so, else nothing. */
  async #changeQueue(
    model: string,
    rule: (before: Queue) => Promise<Queue | string>,
  ): Promise<string | undefined> {
    const { runs, pause } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      const before = await runs.readQueue(model);
      const after = await rule(before);
      if (typeof after === 'string') return after;
      if (after === before || (await runs.writeQueue(model, before, after))) return undefined;
      if (attempt === queueAttempts) {
        throw new EvergreenError(
          'service-unavailable',
          `the queue of ${model} is being changed by others; try again`,
        );
      }
      await pause(backoffMs(attempt));
    }
  }

  /** Does whatever the queue says is to be done, however often it is asked to and wherever it was interrupted. */
  async #goOn(model: string): Promise<void> {
    const { runs } = this.#parts;
    const { running, superseded } = await runs.readQueue(model);
    if (superseded.length > 0) {
      for (const runId of superseded) {
        await this.#close(runId, ['queued'], 'superseded', 'a newer arrival came while this one waited');
      }
      await this.#changeQueue(model, async (before) => settle(before, superseded));
    }
    if (running === null) return;
    const run = await runs.read(running);
    if (isEnded(run.status)) {
      await this.#changeQueue(model, async (before) => finish(before, running));
      return this.#goOn(model);
    }
    if (run.status === 'queued') await this.#start(run);
  }

  async #start(run: Run): Promise<void> {
    const { runs, executions, now } = this.#parts;
    await executions.start(inputOf(run));
    const startedAt = now().toISOString();
    const reason = 'the pipeline is at work';
    await runs.update(run.runId, ['queued'], { status: 'running', reason, startedAt });
  }

  async #close(runId: string, from: RunStatus[], status: RunStatus, reason: string): Promise<void> {
    const endedAt = this.#parts.now().toISOString();
    await this.#parts.runs.update(runId, from, { status, reason, endedAt });
  }

  async #record(runId: string, ending: Ending): Promise<void> {
    if (ending.status !== 'succeeded') {
      const status = ending.status === 'aborted' ? 'aborted' : 'failed';
      const why = [ending.error, ending.cause].filter((part) => part !== '').join(': ');
      const reason = `${ending.status}: ${why === '' ? 'stopped by an operator' : why}`;
      return this.#close(runId, open, status, reason.slice(0, longestReason));
    }
    const { outcome, reason, datasetId, version, reportKey } = ending.output;
    // An execution that failed may be redriven and then succeed.
    await this.#parts.runs.update(runId, [...open, 'failed', 'aborted'], {
      status: outcome,
      reason: reason.slice(0, longestReason),
      endedAt: this.#parts.now().toISOString(),
      datasetId: datasetId ?? undefined,
      version: version ?? undefined,
      reportKey: reportKey ?? undefined,
    });
  }
}

function newRun(arrival: Arrival, runId: string, definitionDigest: string | null, at: Date): Run {
  return {
    runId,
    model: arrival.model,
    trigger: arrival.trigger,
    source: arrival.source,
    definitionDigest,
    status: 'queued',
    reason: 'waits for its turn',
    datasetId: null,
    version: null,
    reportKey: null,
    createdAt: at.toISOString(),
    startedAt: null,
    endedAt: null,
  };
}

function inputOf(run: Run): PipelineInput {
  if (run.definitionDigest === null) {
    throw new EvergreenError('internal', `run ${run.runId} has no definition and cannot be started`);
  }
  const source: SourceObject | null = run.source;
  return {
    runId: run.runId,
    model: run.model,
    trigger: run.trigger,
    source,
    definitionDigest: run.definitionDigest,
  };
}
