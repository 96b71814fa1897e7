import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row } from '../data/dataset.ts';
import { EvergreenError } from '../shared/errors.ts';
import { batchRequests } from './batching.ts';
import { explainedModels } from './fixtures/models.ts';
import { type ModelSession, openSession } from './session.ts';

function aSession(over: Partial<ModelSession> = {}) {
  const runs: number[] = [];
  const session: ModelSession = {
    predict: async (rows) => {
      runs.push(rows.length);
      return rows.map((row) => ({ value: Number(row.size) * 2 }));
    },
    release: async () => undefined,
    ...over,
  };
  return { session, runs };
}
const sized = (...sizes: number[]): Row[] => sizes.map((size) => ({ size }));

describe('batchRequests', () => {
  it('answers the requests of one turn in one run, each its own rows', async () => {
    const { session, runs } = aSession();
    const batches: [number, number][] = [];
    const batched = batchRequests(session, (...batch) => batches.push(batch));
    const answers = await Promise.all(
      [[1], [2, 3], [], [4]].map((sizes) => batched.predict(sized(...sizes))),
    );
    expect(answers).toEqual([[{ value: 2 }], [{ value: 4 }, { value: 6 }], [], [{ value: 8 }]]);
    expect(runs).toEqual([4]);
    expect(batches).toEqual([[4, 4]]);
    await batched.predict(sized(5));
    expect(runs).toEqual([4, 1]);
  });

  it('lets large requests go alone', async () => {
    const { session, runs } = aSession();
    const batched = batchRequests(session);
    await Promise.all([batched.predict(sized(1)), batched.predict(sized(...new Array(65).fill(1)))]);
    expect(runs.toSorted((a, b) => a - b)).toEqual([1, 65]);
  });

  it('fails no request for the rows of another', async () => {
    const failing = async (rows: readonly Row[]) => {
      if (rows.some(({ size }) => size === 13)) throw new EvergreenError('model-failed', 'no thirteen');
      return rows.map(({ size }) => ({ value: Number(size) }));
    };
    const batched = batchRequests(aSession({ predict: failing }).session);
    const answers = await Promise.allSettled([1, 13, 2].map((size) => batched.predict(sized(size))));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it.each(explainedModels().map((trained) => [trained.definition.name, trained] as const))(
    'gives %s the same bits alone and in company',
    async (_, trained) => {
      const session = await openSession(trained);
      const batched = batchRequests(session);
      const { rows } = trained.golden;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat(rows.length - 1), { minLength: 1, maxLength: 40 }),
          async (places) => {
            const asked = places.map((place) => rows[place] ?? {});
            const together = await Promise.all(asked.map((row) => batched.predict([row])));
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
