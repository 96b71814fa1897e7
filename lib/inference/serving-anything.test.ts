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
  const column = fc.oneof(fc.constantFrom(...Object.keys(flowers.features), '__proto__'), fc.string());
  const cells = fc.array(fc.oneof(cell, fc.array(cell, { maxLength: 2 })), { maxLength: 6 });
  const anyRow = fc.oneof(row, cells, cell);
  const shaped = fc.record(
    {
      dataframe_split: fc.record(
        { columns: fc.array(column, { maxLength: 6 }), data: fc.array(anyRow, { maxLength: 4 }) },
        { requiredKeys: [] },
      ),
      dataframe_records: fc.array(anyRow, { maxLength: 4 }),
      instances: fc.array(anyRow, { maxLength: 4 }),
      inputs: fc.oneof(fc.array(anyRow, { maxLength: 4 }), fc.dictionary(column, cells)),
      params: fc.anything(),
    },
    { requiredKeys: [] },
  );
  const csv = fc
    .array(
      fc.array(
        fc.oneof(
          fc.constantFrom('5.1', '4', 'true', 'red', '', '"', '"r,ed"', 'length', 'constructor', '\ufeff'),
          fc.string({ unit: 'binary' }),
        ),
        { maxLength: 6 },
      ),
      { maxLength: 4 },
    )
    .map((records) => records.map((record) => record.join(',')).join('\n'));
  const good = [
    Object.values(aFlower).join(','),
    JSON.stringify([aFlower]),
    JSON.stringify({ dataframe_split: { columns: Object.keys(aFlower), data: [Object.values(aFlower)] } }),
  ];
  /** A text that is right but for a few letters. */
  const nearly = fc
    .tuple(fc.constantFrom(...good), fc.nat(), fc.nat(3), fc.string({ unit: 'binary', maxLength: 3 }))
    .map(([text, start, count, other]) => {
      const place = start % text.length;
      return text.slice(0, place) + other + text.slice(place + count);
    });
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json(),
    fc.record({ rows: fc.array(row, { maxLength: 4 }) }),
    fc.record(
      { inputs: fc.array(tensor, { maxLength: 4 }), outputs: fc.anything() },
      { requiredKeys: ['inputs'] },
    ),
  );

  const mediaType = fc.oneof(
    fc.constantFrom('text/csv', 'application/json', 'text/csv; header=present', 'text/csv;header=absent;;='),
    fc.string(),
  );

  it('never answers /invocations with a failure of its own, and goes on answering', async () => {
    const { source, call, predict } = servingFlowers();
    source.modelNames = ['flowers'];
    const expected = (await predict([aFlower])).json.predictions;
    const answered = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          body,
          fc.anything().map((value) => JSON.stringify(value) ?? ''),
          shaped,
          csv,
          nearly,
          fc.constantFrom(...good),
        ),
        fc.constantFrom('/invocations', '/models/flowers/invocations'),
        fc.record({ 'content-type': mediaType, accept: mediaType }, { requiredKeys: [] }),
        async (content, path, given) => {
          const { status, headers, body: reply } = await call('POST', path, content, given);
          const type = headers['content-type'] ?? '';
          expect([200, 400, 413, 415, 422]).toContain(status);
          if (status === 200) expect(type).toMatch(/^(application\/json|text\/csv)$/);
          else expect(type).toBe('application/problem+json');
          if (status === 200 && type === 'text/csv') expect(reply).toMatch(/^((rose|iris|daisy)\n)+$/);
          answered.add(`${status} ${type}`);
          expect((await predict([aFlower])).json.predictions).toEqual(expected);
        },
      ),
      { numRuns: 600 },
    );
    // Of little use would be a test whose requests all fail at the first look.
    expect(answered).toContain('200 application/json');
    expect(answered).toContain('422 application/problem+json');
  });

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
