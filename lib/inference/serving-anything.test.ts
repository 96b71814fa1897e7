import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aFlower, flowers } from './fixtures/models.ts';
import { servingFlowers } from './fixtures/server.ts';

describe('Serving of anything', () => {
  const cell = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('red', 'blue', '__proto__', '\ud800'),
  );
  const row = fc.dictionary(
    fc.oneof(fc.constantFrom(...Object.keys(flowers.features), 'constructor', '__proto__'), fc.string()),
    cell,
  );
  const tensor = fc.record(
    {
      name: fc.constantFrom('numbers', 'texts', ...Object.keys(flowers.features)),
      shape: fc.array(fc.nat(5), { maxLength: 3 }),
      datatype: fc.constantFrom('FP32', 'BYTES', 'BOOL', 'X'),
      data: fc.array(fc.oneof(cell, fc.array(cell, { maxLength: 4 })), { maxLength: 6 }),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json(),
    fc.record({ rows: fc.array(row, { maxLength: 4 }) }),
    fc.record(
      { inputs: fc.array(tensor, { maxLength: 4 }), outputs: fc.anything() },
      { requiredKeys: ['inputs'] },
    ),
  );

  it('never answers with a failure of its own, and goes on answering', async () => {
    const { call, predict } = servingFlowers();
    const expected = (await predict([aFlower])).json.predictions;
    await fc.assert(
      fc.asyncProperty(
        body,
        fc.constantFrom('/models/flowers/predict', '/v2/models/flowers/infer'),
        async (content, path) => {
          const { status, headers } = await call('POST', path, content);
          expect(status).toBeLessThan(500);
          expect(headers['content-type']).toBe(
            status === 200 ? 'application/json' : 'application/problem+json',
          );
          expect((await predict([aFlower])).json.predictions).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});
