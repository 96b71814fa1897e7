import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyQueue, enqueue, finish, giveTurn, holds, type Queue, settle, type Waiting } from './queue.ts';

const upload = (runId: string): Waiting => ({ runId, kind: 'upload' });
const retrain = (runId: string): Waiting => ({ runId, kind: 'retrain' });
const schedule = (runId: string): Waiting => ({ runId, kind: 'schedule' });
const aQueue = (over: Partial<Queue> = {}): Queue => ({ ...emptyQueue, ...over });

describe('enqueue', () => {
  it.each([upload('a'), retrain('a'), schedule('a')])('gives a free lock to the first run: $kind', (run) => {
    expect(enqueue(emptyQueue, run)).toEqual(aQueue({ running: 'a' }));
  });

  it('lets the next run wait', () => {
    expect(enqueue(aQueue({ running: 'a' }), upload('b'))).toEqual(
      aQueue({ running: 'a', waiting: [upload('b')] }),
    );
  });

  it.each([
    [upload('b'), upload('c')],
    [retrain('b'), upload('c')],
    [schedule('b'), retrain('c')],
    [retrain('b'), schedule('c')],
  ])(
    'lets the newest run take the place of the one that waited, and notes whose place: %j, %j',
    (old, run) => {
      expect(enqueue(aQueue({ running: 'a', waiting: [old], superseded: ['z'] }), run)).toEqual(
        aQueue({ running: 'a', waiting: [run], superseded: ['z', 'b'] }),
      );
    },
  );

  it.each([retrain('c'), schedule('c')])('has no place for a retrain while an upload waits: $kind', (run) => {
    expect(enqueue(aQueue({ running: 'a', waiting: [upload('b')] }), run)).toBeUndefined();
  });

  it('leaves a run alone that runs, waits or was superseded', () => {
    const before = aQueue({ running: 'a', waiting: [upload('c')], superseded: ['b'] });
    for (const runId of ['a', 'b', 'c']) expect(enqueue(before, upload(runId))).toBe(before);
    expect(enqueue(before, retrain('a'))).toBe(before);
  });
});

describe('finish', () => {
  it('frees the lock, or hands it to the one that waits', () => {
    expect(finish(aQueue({ running: 'a' }), 'a')).toEqual(emptyQueue);
    expect(finish(aQueue({ running: 'a', waiting: [upload('b')] }), 'a')).toEqual(aQueue({ running: 'b' }));
  });

  it('is harmless for a run that does not run', () => {
    const before = aQueue({ running: 'a', waiting: [upload('b')] });
    expect(finish(before, 'b')).toBe(before);
    expect(finish(before, 'x')).toBe(before);
  });
});

describe('giveTurn', () => {
  it('lets the next run begin, or come later, beside one in an A/B test', () => {
    expect(giveTurn(aQueue({ running: 'a', waiting: [upload('b')] }), 'a')).toEqual(
      aQueue({ running: 'b', testing: ['a'] }),
    );
    const free = giveTurn(aQueue({ running: 'a' }), 'a');
    expect(free).toEqual(aQueue({ testing: ['a'] }));
    expect(enqueue(free, upload('b'))).toEqual(aQueue({ running: 'b', testing: ['a'] }));
    expect(enqueue(free, upload('a'))).toBe(free);
  });

  it('is harmless for a run that has no turn', () => {
    const before = aQueue({ running: 'b', testing: ['a'] });
    expect(giveTurn(before, 'a')).toBe(before);
    expect(giveTurn(before, 'x')).toBe(before);
  });

  it('ends with the turn back at a test that is on: whether another may join is its to say', () => {
    const before = aQueue({ running: 'b', testing: ['a'], waiting: [upload('c')] });
    expect(finish(before, 'b')).toEqual(aQueue({ running: 'a', waiting: [upload('c')] }));
    expect(finish(before, 'a')).toEqual(aQueue({ running: 'b', waiting: [upload('c')] }));
  });
});

describe('settle', () => {
  it('forgets the superseded runs that were told so, and only those', () => {
    const before = aQueue({ running: 'a', superseded: ['x', 'y'] });
    expect(settle(before, ['x'])).toEqual(aQueue({ running: 'a', superseded: ['y'] }));
    expect(settle(before, ['n'])).toBe(before);
  });
});

describe('holds', () => {
  it('knows runs that run or wait', () => {
    const before = aQueue({ running: 'a', waiting: [upload('b')], superseded: ['c'] });
    expect(['a', 'b', 'c', 'd'].map((runId) => holds(before, runId))).toEqual([true, true, false, false]);
  });
});

type Step = { kind: 'upload' | 'retrain' | 'end' | 'settle' | 'give'; run: number };

describe('a queue under any events, repeated and out of order', () => {
  const step = fc.record({
    kind: fc.constantFrom<Step['kind']>('upload', 'retrain', 'end', 'settle', 'give'),
    run: fc.nat({ max: 6 }),
  });

  it('loses no run, runs one at a time, and lets the newest wait that has a place', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let queue = emptyQueue;
        const arrived: string[] = [];
        const ended = new Set<string>();
        const told = new Set<string>();
        for (const { kind, run } of steps) {
          const runId = String(run);
          const before = queue;
          // The dispatcher asks the run list first: an ended run does not come back.
          if ((kind === 'upload' || kind === 'retrain') && !ended.has(runId) && !told.has(runId)) {
            const after = enqueue(queue, { runId, kind });
            if (!after) expect([kind, queue.waiting[0]?.kind]).toEqual(['retrain', 'upload']);
            queue = after ?? before;
            if (queue !== before) arrived.push(runId);
          } else if (kind === 'end') {
            queue = finish(queue, runId);
            if (queue !== before) ended.add(runId);
          } else if (kind === 'give') {
            queue = giveTurn(queue, runId);
          } else if (kind === 'settle') {
            for (const superseded of queue.superseded) told.add(superseded);
            queue = settle(queue, queue.superseded);
          }
          const places = [
            ...(queue.running === null ? [] : [queue.running]),
            ...queue.testing,
            ...queue.waiting.map((waiting) => waiting.runId),
            ...queue.superseded,
            ...ended,
            ...told,
          ];
          expect([...places].sort()).toEqual([...arrived].sort());
          expect(queue.waiting.length).toBeLessThanOrEqual(1);
          if (queue.waiting.length > 0) {
            expect(queue.running).not.toBeNull();
            expect(queue.waiting[0]?.runId).toBe(arrived.at(-1));
          }
        }
      }),
    );
  });
});
