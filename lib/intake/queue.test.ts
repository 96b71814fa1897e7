import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyQueue, enqueue, finish, holds, type Queue, settle } from './queue.ts';

const aQueue = (over: Partial<Queue> = {}): Queue => ({ ...emptyQueue, ...over });

describe('enqueue', () => {
  it('gives a free lock to the first run', () => {
    expect(enqueue(emptyQueue, 'a')).toEqual(aQueue({ running: 'a' }));
  });

  it('lets the next run wait', () => {
    expect(enqueue(aQueue({ running: 'a' }), 'b')).toEqual(aQueue({ running: 'a', waiting: ['b'] }));
  });

  it('lets the newest run take the place of the one that waited, and notes whose place', () => {
    expect(enqueue(aQueue({ running: 'a', waiting: ['b'], superseded: ['z'] }), 'c')).toEqual(
      aQueue({ running: 'a', waiting: ['c'], superseded: ['z', 'b'] }),
    );
  });

  it('leaves a run alone that runs, waits or was superseded', () => {
    const before = aQueue({ running: 'a', waiting: ['c'], superseded: ['b'] });
    for (const runId of ['a', 'b', 'c']) expect(enqueue(before, runId)).toBe(before);
  });
});

describe('finish', () => {
  it('frees the lock, or hands it to the one that waits', () => {
    expect(finish(aQueue({ running: 'a' }), 'a')).toEqual(emptyQueue);
    expect(finish(aQueue({ running: 'a', waiting: ['b'] }), 'a')).toEqual(aQueue({ running: 'b' }));
  });

  it('is harmless for a run that does not run', () => {
    const before = aQueue({ running: 'a', waiting: ['b'] });
    expect(finish(before, 'b')).toBe(before);
    expect(finish(before, 'x')).toBe(before);
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
    const before = aQueue({ running: 'a', waiting: ['b'], superseded: ['c'] });
    expect(['a', 'b', 'c', 'd'].map((runId) => holds(before, runId))).toEqual([true, true, false, false]);
  });
});

type Step = { kind: 'arrive' | 'end' | 'settle'; run: number };

describe('a queue under any events, repeated and out of order', () => {
  const step = fc.record({
    kind: fc.constantFrom<Step['kind']>('arrive', 'end', 'settle'),
    run: fc.nat({ max: 6 }),
  });

  it('loses no run, runs one at a time and lets the newest wait', () => {
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
          if (kind === 'arrive' && !ended.has(runId) && !told.has(runId)) {
            queue = enqueue(queue, runId);
            if (queue !== before) arrived.push(runId);
          } else if (kind === 'end') {
            queue = finish(queue, runId);
            if (queue !== before) ended.add(runId);
          } else if (kind === 'settle') {
            for (const superseded of queue.superseded) told.add(superseded);
            queue = settle(queue, queue.superseded);
          }
          const places = [
            ...(queue.running === null ? [] : [queue.running]),
            ...queue.waiting,
            ...queue.superseded,
            ...ended,
            ...told,
          ];
          expect([...places].sort()).toEqual([...arrived].sort());
          expect(queue.waiting.length).toBeLessThanOrEqual(1);
          if (queue.waiting.length > 0) {
            expect(queue.running).not.toBeNull();
            expect(queue.waiting[0]).toBe(arrived.at(-1));
          }
        }
      }),
    );
  });
});
