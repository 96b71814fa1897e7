import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Arrival, readArrival } from './arrival.ts';
import { Dispatcher, type DispatcherParts, type Ending } from './dispatcher.ts';
import { aDeployedModel, anUpload, deployedModels } from './fixtures/builders.ts';
import { Crash, type FaultPlan, faulty } from './fixtures/faulty.ts';
import { MemoryExecutions, promoted } from './fixtures/memory-executions.ts';
import { MemoryRuns } from './fixtures/memory-runs.ts';
import { isEnded, type Run } from './run.ts';

const deployed = aDeployedModel();

/** A world with one model, iris, and a clock that a test moves. */
class World {
  runs = new MemoryRuns();
  executions = new MemoryExecutions();
  kept: string[] = [];
  nowMs = Date.parse('2026-11-23T10:00:00.000Z');
  pauses: number[] = [];
  readonly parts: DispatcherParts = {
    runs: this.runs,
    executions: this.executions,
    models: deployedModels(deployed),
    keepDefinition: async ({ digest }) => {
      this.kept.push(digest);
    },
    now: () => new Date(this.nowMs),
    pause: async (ms) => this.pauses.push(ms),
  };

  get dispatcher(): Dispatcher {
    return new Dispatcher(this.parts);
  }

  /** The same world, seen by a process that dies at a call. */
  dying(plan: FaultPlan): Dispatcher {
    const { runs, executions, keepDefinition } = this.parts;
    const keeper = faulty({ keepDefinition }, plan);
    return new Dispatcher({
      ...this.parts,
      runs: faulty(runs, plan),
      executions: faulty(executions, plan),
      keepDefinition: (model) => keeper.keepDefinition(model),
    });
  }

  endExecution(runId: string, ending: Ending = promoted): void {
    this.executions.standing.set(runId, ending);
  }

  async end(runId: string, ending: Ending = promoted): Promise<void> {
    this.endExecution(runId, ending);
    await this.dispatcher.end(runId, 'iris');
  }

  get started(): string[] {
    return this.executions.started.map(({ runId }) => runId);
  }

  statuses(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { status } of this.runs.runs.values()) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  run(runId: string): Run {
    const found = this.runs.runs.get(runId);
    if (!found) throw new Error(`no run ${runId}`);
    return found;
  }

  runOf(versionId: string): Run {
    const found = [...this.runs.runs.values()].find(({ source }) => source?.versionId === versionId);
    if (!found) throw new Error(`no run of ${versionId}`);
    return found;
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

const upload = (n: number): Arrival => anUpload({ key: `incoming/iris/${n}.csv`, versionId: `v${n}` });

describe('Dispatcher.letJoin', () => {
  it('starts the next run beside one whose version is in an A/B test, once however often it is told', async () => {
    const first = await world.dispatcher.accept(upload(1));
    const second = await world.dispatcher.accept(upload(2));
    expect(second.status).toBe('queued');
    for (let time = 0; time < 3; time += 1) await world.dispatcher.letJoin(first.runId, 'iris');
    expect(world.started).toEqual([first.runId, second.runId]);
    expect([world.run(first.runId).status, world.run(second.runId).status]).toEqual(['running', 'running']);
    const third = await world.dispatcher.accept(upload(3));
    expect(third.status).toBe('queued');
    await world.end(second.runId);
    expect(world.run(third.runId).status).toBe('queued');
    await world.end(first.runId);
    expect(world.started).toEqual([first.runId, second.runId, third.runId]);
  });

  it('does nothing for a run that has ended, or is not known', async () => {
    const { runId } = await world.dispatcher.accept(upload(1));
    await world.end(runId);
    await world.dispatcher.letJoin(runId, 'iris');
    await world.dispatcher.letJoin('unknown', 'iris');
    expect(world.runs.queues.get('iris')).toMatchObject({ running: null, testing: [] });
  });
});

describe('Dispatcher.accept', () => {
  it('starts one run for an upload, with the very version it is about', async () => {
    const { runId, status } = await world.dispatcher.accept(upload(1));
    expect(status).toBe('running');
    expect(world.executions.started).toEqual([
      {
        runId,
        model: 'iris',
        trigger: { kind: 'upload', reason: '1.csv' },
        source: { bucket: expect.any(String), key: 'incoming/iris/1.csv', versionId: 'v1' },
        definitionDigest: deployed.digest,
      },
    ]);
    expect(world.kept).toEqual([deployed.digest]);
    expect(world.run(runId)).toMatchObject({ status: 'running', startedAt: '2026-11-23T10:00:00.000Z' });
  });

  it('gives no place to a delivery that was held up until its run had ended', async () => {
    const waiting: string[] = [];
    // The first delivery dies after it wrote its run down (find, keep, add); the second reads that, and is held up.
    const dead = world.dying({ crashAt: 3, takesEffect: false, calls: 0 }).accept(upload(1));
    await expect(dead).rejects.toThrow(Crash);
    const heldUp = new Dispatcher({
      ...world.parts,
      keepDefinition: async () => {
        const { runId } = await world.dispatcher.accept(upload(1));
        await world.end(runId);
        await world.dispatcher.accept(upload(2));
        waiting.push((await world.dispatcher.accept(upload(3))).runId);
      },
    });
    await heldUp.accept(upload(1));
    expect(world.runs.queues.get('iris')?.waiting.map(({ runId }) => runId)).toEqual(waiting);
    expect(world.runOf('v3').status).toBe('queued');
  });

  it('runs an event that is delivered three times once (F1)', async () => {
    const answers = [];
    for (let time = 0; time < 3; time += 1) answers.push(await world.dispatcher.accept(upload(1)));
    expect(answers.map(({ status }) => status)).toEqual(['running', 'duplicate', 'duplicate']);
    expect(answers[2]?.reason).toMatch(/is run iris-[0-9a-f]{16} already, which is running/);
    expect(world.started).toHaveLength(1);

    await world.end(world.started[0] ?? '');
    expect(await world.dispatcher.accept(upload(1))).toMatchObject({ status: 'duplicate' });
    expect(world.started).toHaveLength(1);
  });

  it('passes over an older version of an object that comes after a newer one (F2)', async () => {
    const older = anUpload({ versionId: 'old', sequencer: '0055AED6DCD90281E5' });
    const newer = anUpload({ versionId: 'new', sequencer: '0055AED6DCD90281E6' });
    await world.dispatcher.accept(newer);
    const answer = await world.dispatcher.accept(older);
    expect(answer).toMatchObject({ status: 'superseded', reason: expect.stringMatching(/later version/) });
    expect(world.executions.started.map(({ source }) => source?.versionId)).toEqual(['new']);
    await world.end(world.started[0] ?? '');
    expect(world.started).toHaveLength(1);
    expect(await world.dispatcher.accept(older)).toMatchObject({ status: 'duplicate' });
  });

  it('trains the newer version last even if both arrive at the same time', async () => {
    const older = anUpload({ versionId: 'old', sequencer: '01' });
    const newer = anUpload({ versionId: 'new', sequencer: '02' });
    // The older arrival is held up between asking for the newest version and entering the queue.
    const { writeQueue } = world.runs;
    let isHeldUp = false;
    world.runs.writeQueue = async (...parameters) => {
      if (!isHeldUp) {
        isHeldUp = true;
        await world.dispatcher.accept(newer);
      }
      return writeQueue.apply(world.runs, parameters);
    };
    const answer = await world.dispatcher.accept(older);
    expect(answer.status).toBe('superseded');
    expect(world.executions.started.map(({ source }) => source?.versionId)).toEqual(['new']);
  });

  it('keeps a run on its version and makes another of the one that overwrote it (F3)', async () => {
    const first = await world.dispatcher.accept(anUpload({ versionId: 'v1', sequencer: '01' }));
    const second = await world.dispatcher.accept(anUpload({ versionId: 'v2', sequencer: '02' }));
    expect(second.status).toBe('queued');
    expect(world.run(first.runId).status).toBe('running');
    await world.end(first.runId);
    expect(world.executions.started.map(({ source }) => source?.versionId)).toEqual(['v1', 'v2']);
  });

  it('takes a burst of 500 uploads, one at a time, none lost, the newest next (F5)', async () => {
    const burst = Array.from({ length: 500 }, (_, n) => upload(n));
    for (let from = 0; from < burst.length; from += 10) {
      const batch = burst.slice(from, from + 10);
      // Ten functions at once; who is refused for too many others is delivered again.
      let left = batch;
      for (let round = 0; left.length > 0 && round < 50; round += 1) {
        const results = await Promise.allSettled(left.map((arrival) => world.dispatcher.accept(arrival)));
        left = left.filter((_, index) => results[index]?.status === 'rejected');
      }
      expect(left).toEqual([]);
    }
    expect(world.runs.runs.size).toBe(500);
    expect(world.statuses()).toEqual({ running: 1, queued: 1, superseded: 498 });
    await world.end(world.started[0] ?? '');
    expect(world.statuses()).toEqual({ promoted: 1, running: 1, superseded: 498 });
    const [, second] = world.executions.started;
    expect(Number(second?.source?.versionId.slice(1))).toBeGreaterThanOrEqual(490);
    await world.end(second?.runId ?? '');
    expect(world.statuses()).toEqual({ promoted: 2, superseded: 498 });
    expect(await world.runs.readQueue('iris')).toMatchObject({ running: null, waiting: [], superseded: [] });
  });

  it('says in the run list why an upload never becomes a run', async () => {
    const unknown = await world.dispatcher.accept(anUpload({ key: 'incoming/tulip/a.csv' }));
    const format = await world.dispatcher.accept(anUpload({ key: 'incoming/iris/a.xlsx' }));
    const folder = await world.dispatcher.accept(anUpload({ key: 'incoming/iris/' }));
    for (const { runId, status } of [unknown, format, folder]) {
      expect(status).toBe('refused');
      expect(world.run(runId)).toMatchObject({ status: 'refused', endedAt: expect.any(String) });
    }
    expect(unknown.reason).toMatch(/no model is named tulip/);
    expect(world.started).toEqual([]);
    expect(await world.dispatcher.accept(anUpload({ key: 'incoming/tulip/a.csv' }))).toMatchObject({
      status: 'duplicate',
    });
  });

  it('makes a run of a request to retrain, once for each request', async () => {
    const request = (requestId: string) =>
      readArrival(JSON.stringify({ kind: 'retrain', model: 'iris', reason: 'drift', requestId }));
    const first = await world.dispatcher.accept(request('one'));
    expect(await world.dispatcher.accept(request('one'))).toMatchObject({ status: 'duplicate' });
    expect(await world.dispatcher.accept(request('two'))).toMatchObject({ status: 'queued' });
    expect(world.executions.started).toEqual([
      expect.objectContaining({
        runId: first.runId,
        source: null,
        trigger: { kind: 'retrain', reason: 'drift' },
      }),
    ]);
  });

  it.each(['retrain', 'schedule'])('lets no %s take the place of an upload that waits', async (kind) => {
    const request = readArrival(JSON.stringify({ kind, model: 'iris', reason: 'drift', requestId: 'one' }));
    const running = await world.dispatcher.accept(upload(1));
    const waiting = await world.dispatcher.accept(upload(2));
    const answer = await world.dispatcher.accept(request);
    expect(answer).toMatchObject({ status: 'superseded', reason: expect.stringMatching(/upload waits/) });
    expect(world.run(answer.runId)).toMatchObject({ status: 'superseded', endedAt: expect.any(String) });
    expect(world.run(waiting.runId).status).toBe('queued');
    await world.end(running.runId);
    expect(world.started).toEqual([running.runId, waiting.runId]);
    expect(await world.dispatcher.accept(request)).toMatchObject({ status: 'duplicate' });
  });

  it('gives the place of a retrain that waits to an upload', async () => {
    const request = { kind: 'retrain', model: 'iris', reason: 'drift', requestId: 'one' };
    await world.dispatcher.accept(upload(1));
    const retrain = await world.dispatcher.accept(readArrival(JSON.stringify(request)));
    expect((await world.dispatcher.accept(upload(2))).status).toBe('queued');
    expect(world.run(retrain.runId)).toMatchObject({ status: 'superseded' });
  });

  it('keeps models apart', async () => {
    const models = deployedModels(deployed, aDeployedModel({ name: 'prices' }));
    const dispatcher = new Dispatcher({ ...world.parts, models });
    await dispatcher.accept(upload(1));
    await dispatcher.accept(anUpload({ key: 'incoming/prices/a.csv' }));
    expect(world.statuses()).toEqual({ running: 2 });
  });

  it('frees a lock whose run ended without word', async () => {
    const first = await world.dispatcher.accept(upload(1));
    world.endExecution(first.runId, { status: 'timed-out', error: 'States.Timeout', cause: '' });
    const second = await world.dispatcher.accept(upload(2));
    expect(second.status).toBe('running');
    expect(world.run(first.runId)).toMatchObject({ status: 'failed', reason: 'timed-out: States.Timeout' });
  });

  it('frees a lock whose execution is gone, but not one that has just begun', async () => {
    const first = await world.dispatcher.accept(upload(1));
    world.executions.standing.delete(first.runId);
    world.nowMs += 60_000;
    expect((await world.dispatcher.accept(upload(2))).status).toBe('queued');
    world.nowMs += 10 * 60_000;
    const third = await world.dispatcher.accept(upload(3));
    expect(world.run(first.runId)).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/interrupted/),
    });
    expect(world.runOf('v2').status).toBe('running');
    expect(third.status).toBe('queued');
  });

  it('asks for another try when the queue is never its own', async () => {
    world.runs.writeQueue = async () => false;
    await expect(world.dispatcher.accept(upload(1))).rejects.toMatchObject({ code: 'service-unavailable' });
    expect(world.started).toEqual([]);
    // Longer and longer, each time by chance, and less in all than a function has time.
    const { pauses } = world;
    expect(new Set(pauses).size).toBe(pauses.length);
    expect(Math.max(...pauses.slice(0, 2))).toBeLessThan(80);
    expect(pauses.length).toBeGreaterThan(6);
    expect(pauses.reduce((sum, ms) => sum + ms)).toBeLessThan(30_000);
  });
});

describe('Dispatcher.end', () => {
  it('records how a run ended and starts the one that waits', async () => {
    const first = await world.dispatcher.accept(upload(1));
    const second = await world.dispatcher.accept(upload(2));
    await world.end(first.runId);
    expect(world.run(first.runId)).toMatchObject({
      status: 'promoted',
      reason: 'good',
      datasetId: 'ds-1',
      version: 1,
      reportKey: 'report.html',
      endedAt: expect.any(String),
    });
    expect(world.run(second.runId).status).toBe('running');
  });

  it('frees the lock of a run that an operator stopped (F14)', async () => {
    const first = await world.dispatcher.accept(upload(1));
    await world.end(first.runId, { status: 'aborted', error: '', cause: '' });
    expect(world.run(first.runId)).toMatchObject({
      status: 'aborted',
      reason: 'aborted: stopped by an operator',
    });
    expect((await world.dispatcher.accept(upload(2))).status).toBe('running');
  });

  it('makes the cause of a failure readable and keeps it short (F9)', async () => {
    const { runId } = await world.dispatcher.accept(upload(1));
    await world.end(runId, {
      status: 'failed',
      error: 'SageMaker.Failed',
      cause: 'exit code 1 '.repeat(400),
    });
    expect(world.run(runId).reason).toMatch(/^failed: SageMaker\.Failed: exit code 1/);
    expect(world.run(runId).reason.length).toBeLessThanOrEqual(2000);
  });

  it('is harmless the second time and for runs that are not on', async () => {
    const first = await world.dispatcher.accept(upload(1));
    const second = await world.dispatcher.accept(upload(2));
    await world.end(first.runId);
    await world.dispatcher.end(first.runId, 'iris');
    expect(world.run(second.runId).status).toBe('running');
    await world.dispatcher.end('iris-0000000000000000', 'iris');
    expect(world.started).toEqual([first.runId, second.runId]);
  });

  it('is told again when the execution is still said to run, so that the next run is not forgotten', async () => {
    const first = await world.dispatcher.accept(upload(1));
    const second = await world.dispatcher.accept(upload(2));
    await expect(world.dispatcher.end(first.runId, 'iris')).rejects.toMatchObject({
      code: 'service-unavailable',
    });
    expect(world.run(second.runId).status).toBe('queued');
  });

  it('records the success of a run that failed first and was redriven', async () => {
    const { runId } = await world.dispatcher.accept(upload(1));
    await world.end(runId, { status: 'failed', error: 'x', cause: 'y' });
    await world.end(runId);
    expect(world.run(runId)).toMatchObject({ status: 'promoted', version: 1 });
  });
});

/** What a process that dies at every possible call does, before and after the effect of that call. */
async function atEveryCall(
  prepare: (world: World) => Promise<void>,
  work: (dispatcher: Dispatcher, world: World) => Promise<unknown>,
  check: (world: World, plan: FaultPlan) => Promise<void>,
): Promise<number> {
  let crashes = 0;
  for (const takesEffect of [false, true]) {
    for (let crashAt = 0; ; crashAt += 1) {
      world = new World();
      await prepare(world);
      const plan = { crashAt, takesEffect, calls: 0 };
      const outcome = await work(world.dying(plan), world).catch((thrown: unknown) => thrown);
      if (!(outcome instanceof Crash)) {
        expect(outcome).not.toBeInstanceOf(Error);
        break;
      }
      crashes += 1;
      await check(world, plan);
    }
  }
  return crashes;
}

describe('a dispatcher that dies between two writes (F6)', () => {
  it('starts a run exactly once when its event comes again', async () => {
    const crashes = await atEveryCall(
      async () => {},
      (dispatcher) => dispatcher.accept(upload(1)),
      async (at) => {
        const again = await at.dispatcher.accept(upload(1));
        expect(['running', 'duplicate']).toContain(again.status);
        expect(at.started).toHaveLength(1);
        expect(at.statuses()).toEqual({ running: 1 });
        await at.end(again.runId);
        expect(at.statuses()).toEqual({ promoted: 1 });
        expect((await at.runs.readQueue('iris')).running).toBeNull();
      },
    );
    expect(crashes).toBeGreaterThan(15);
  });

  it('counts a run as started even if it has ended before the event comes again', async () => {
    await atEveryCall(
      async () => {},
      (dispatcher) => dispatcher.accept(upload(1)),
      async (at) => {
        for (const runId of at.started) await at.end(runId);
        const { runId } = await at.dispatcher.accept(upload(1));
        expect(at.started).toHaveLength(1);
        await at.end(runId);
        expect(at.statuses()).toEqual({ promoted: 1 });
      },
    );
  });

  it('leaves no run without an answer when a newer one takes a place', async () => {
    const crashes = await atEveryCall(
      async (at) => {
        await at.dispatcher.accept(upload(1));
        await at.dispatcher.accept(upload(2));
      },
      (dispatcher) => dispatcher.accept(upload(3)),
      async (at) => {
        // The waiting run's event comes again too, late.
        await at.dispatcher.accept(upload(3));
        await at.dispatcher.accept(upload(2));
        expect(at.statuses()).toEqual({ running: 1, queued: 1, superseded: 1 });
        expect(at.runOf('v2')).toMatchObject({ status: 'superseded', endedAt: expect.any(String) });
        await at.end(at.runOf('v1').runId);
        expect(at.runOf('v3').status).toBe('running');
      },
    );
    expect(crashes).toBeGreaterThan(20);
  });

  it('ends a run and starts the next exactly once when the end is told again', async () => {
    const crashes = await atEveryCall(
      async (at) => {
        await at.dispatcher.accept(upload(1));
        await at.dispatcher.accept(upload(2));
        at.endExecution(at.runOf('v1').runId);
      },
      (dispatcher, at) => dispatcher.end(at.runOf('v1').runId, 'iris'),
      async (at) => {
        await at.dispatcher.end(at.runOf('v1').runId, 'iris');
        expect(at.statuses()).toEqual({ promoted: 1, running: 1 });
        expect(at.started).toHaveLength(2);
      },
    );
    expect(crashes).toBeGreaterThan(10);
  });

  it('never trains an older version of an object after a newer one', async () => {
    const older = anUpload({ versionId: 'old', sequencer: '01' });
    const newer = anUpload({ versionId: 'new', sequencer: '02' });
    await atEveryCall(
      async () => {},
      (dispatcher) => dispatcher.accept(older),
      async (at) => {
        await at.dispatcher.accept(newer);
        const hadBegun = at.started.includes(at.runOf('new').runId) ? 1 : 2;
        await at.dispatcher.accept(older);
        for (const runId of [...at.started]) await at.end(runId);
        for (const runId of [...at.started]) await at.end(runId);
        const order = at.executions.started.map(({ source }) => source?.versionId);
        expect(order).toEqual(
          hadBegun === 1 && at.runOf('old').status === 'superseded' ? ['new'] : ['old', 'new'],
        );
        expect([...at.runs.runs.values()].every(({ status }) => isEnded(status))).toBe(true);
      },
    );
  });
});

describe('a dispatcher under any events', () => {
  type Event = { kind: 'arrive' | 'end' | 'crash'; n: number };
  const event = fc.record({
    kind: fc.constantFrom<Event['kind']>('arrive', 'arrive', 'end', 'crash'),
    n: fc.nat({ max: 12 }),
  });

  it('runs one at a time, starts each at most once and answers every arrival in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (events) => {
        const at = new World();
        const seen = new Set<number>();
        for (const { kind, n } of events) {
          if (kind === 'arrive') {
            seen.add(n % 5);
            await at.dispatcher.accept(upload(n % 5));
          } else if (kind === 'crash') {
            seen.add(n % 5);
            const plan = { crashAt: n, takesEffect: n % 2 === 0, calls: 0 };
            await at
              .dying(plan)
              .accept(upload(n % 5))
              .catch(() => undefined);
          } else {
            const runId = at.started[n % Math.max(1, at.started.length)];
            if (runId !== undefined) await at.end(runId);
          }
          const on = [...at.executions.standing.values()].filter((standing) => standing === 'running');
          expect(on.length).toBeLessThanOrEqual(1);
        }
        // What failed is delivered again, and what runs ends.
        for (const n of seen) await at.dispatcher.accept(upload(n));
        for (let round = 0; round < 6; round += 1) for (const runId of [...at.started]) await at.end(runId);
        expect(new Set(at.started).size).toBe(at.started.length);
        expect(at.runs.runs.size).toBe(seen.size);
        const { promoted: done = 0, superseded = 0 } = at.statuses();
        expect(done + superseded).toBe(seen.size);
        if (seen.size > 0) expect(done).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });
});
