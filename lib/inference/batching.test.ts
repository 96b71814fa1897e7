import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvergreenError } from '../shared/errors.ts';
import { batchRequests } from './batching.ts';
import { explainedModels } from './fixtures/models.ts';
import { type ModelSession, openSession } from './session.ts';
import { compileEncoder, type Matrices } from './tensors.ts';

function aSession(over: Partial<ModelSession> = {}) {
  const runs: number[] = [];
  const session: ModelSession = {
    answer: async ({ rows, numbers = [] }) => {
      runs.push(rows);
      return Array.from(numbers, (size) => ({ value: size * 2 }));
    },
    predict: async () => [],
    release: async () => undefined,
    ...over,
  };
  return { session, runs };
}
const sized = (...sizes: number[]): Matrices => ({
  rows: sizes.length,
  numbers: Float32Array.from(sizes),
  texts: undefined,
});

describe('batchRequests', () => {
  it('answers the requests of one turn in one run, each its own rows', async () => {
    const { session, runs } = aSession();
    const batches: [number, number][] = [];
    const batched = batchRequests(session, (...batch) => batches.push(batch));
    const answers = await Promise.all([[1], [2, 3], [], [4]].map((sizes) => batched.answer(sized(...sizes))));
    expect(answers).toEqual([[{ value: 2 }], [{ value: 4 }, { value: 6 }], [], [{ value: 8 }]]);
    expect(runs).toEqual([4]);
    expect(batches).toEqual([[4, 4]]);
    await batched.answer(sized(5));
    expect(runs).toEqual([4, 1]);
  });

  it('lets large requests go alone', async () => {
    const { session, runs } = aSession();
    const batched = batchRequests(session);
    await Promise.all([batched.answer(sized(1)), batched.answer(sized(...new Array(65).fill(1)))]);
    expect(runs.toSorted((a, b) => a - b)).toEqual([1, 65]);
  });

  it('fails no request for the rows of another', async () => {
    const failing = async ({ numbers = new Float32Array() }: Matrices) => {
      if (numbers.includes(13)) throw new EvergreenError('model-failed', 'no thirteen');
      return Array.from(numbers, (value) => ({ value }));
    };
    const batched = batchRequests(aSession({ answer: failing }).session);
    const answers = await Promise.allSettled([1, 13, 2].map((size) => batched.answer(sized(size))));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it.each(explainedModels().map((trained) => [trained.definition.name, trained] as const))(
    'gives %s the same bits alone and in company',
    async (_, trained) => {
      const session = await openSession(trained);
      const batched = batchRequests(session);
      const { rows } = trained.golden;
      const encode = compileEncoder(trained.definition);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat(rows.length - 1), { minLength: 1, maxLength: 40 }),
          async (places) => {
            const asked = places.map((place) => rows[place] ?? {});
            const together = await Promise.all(asked.map((row) => batched.answer(encode([row]))));
            const alone = await Promise.all(asked.map((row) => session.predict([row])));
            expect(together).toStrictEqual(alone);
          },
        ),
        { numRuns: 30 },
      );
      await session.release();
    },
  );
});
