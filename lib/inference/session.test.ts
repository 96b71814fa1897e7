import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fragileModel, trainedFlowers, trainedPrices } from './fixtures/models.ts';
import { openSession } from './session.ts';

describe('openSession', () => {
  it('answers the golden rows as the trainer did', async () => {
    const request = trainedFlowers();
    const session = await openSession(request);
    const answers = await session.predict(request.golden.rows);
    expect(answers.map((answer) => 'label' in answer && answer.label)).toEqual(request.golden.labels);
    expect(answers[0]).toHaveProperty('scores.rose');
  });

  it('refuses bytes that are not those of the digest', async () => {
    const request = trainedFlowers();
    const model = Uint8Array.from(request.model);
    model[100] = (model[100] ?? 0) ^ 1;
    await expect(openSession({ ...request, model })).rejects.toMatchObject({ code: 'artifact-damaged' });
  });

  it('refuses a model that answers the golden rows otherwise', async () => {
    const request = trainedPrices();
    const values = request.golden.values?.map((value) => value + 1) ?? null;
    await expect(openSession({ ...request, golden: { ...request.golden, values } })).rejects.toMatchObject({
      code: 'golden-mismatch',
    });
  });

  it('calls an answer that is not finite a failure of the model', async () => {
    const session = await openSession(fragileModel());
    await expect(session.predict([{ x: -1 }])).rejects.toMatchObject({ code: 'model-failed' });
    expect(await session.predict([{ x: 1 }])).toEqual([{ value: 0 }]);
  });

  it('answers n rows at once as it answers each alone, to the last bit', async () => {
    for (const request of [trainedFlowers(), trainedPrices()]) {
      const session = await openSession(request);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(...request.golden.rows), { minLength: 1, maxLength: 40 }),
          async (rows) => {
            const together = await session.predict(rows);
            const alone = await Promise.all(rows.map(async (row) => (await session.predict([row]))[0]));
            expect(together).toEqual(alone);
          },
        ),
        { numRuns: 20 },
      );
    }
  });
});
