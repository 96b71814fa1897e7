import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { compileMatrixReader } from './matrix-reader.ts';
import { openInferenceFormat } from './open-inference.ts';
import { compileRowTarget } from './wire.ts';

describe('compileMatrixReader', () => {
  const numeric = defineModel({
    name: 'numeric',
    task: 'classification',
    features: {
      length: { type: 'number', min: -30, max: 1e9 },
      width: { type: 'number', mayBeMissing: true },
      petals: { type: 'integer', min: -5 },
      wild: { type: 'boolean' },
      tame: { type: 'boolean', mayBeMissing: true },
    },
    target: { name: 'kind', type: 'category', categories: ['a', 'b'] },
    train: {},
  });
  const target = compileRowTarget(numeric);
  const careful = { ...target, readMatrix: () => undefined };
  const outcomeOf = (body: unknown, to: typeof target) => {
    const given = { headers: {}, body: new TextEncoder().encode(JSON.stringify(body)) };
    try {
      const { rows, matrices } = openInferenceFormat(given, 1e6)(to).batch;
      return { rows, matrices };
    } catch (thrown) {
      return thrown;
    }
  };

  it('reads what is read tensor by tensor, and leaves the rest to that', () => {
    const length = fc.oneof(fc.constantFrom(5.1, -30, 1e9, 0, -0), fc.double(), fc.constant(null));
    const petals = fc.oneof(fc.integer({ min: -6 }), fc.constantFrom(1.5, 2 ** 53, null));
    const truth = fc.constantFrom(0, 1, 0, 1, 2, null);
    const row = fc.tuple(length, fc.option(fc.float()), petals, truth, truth);
    let read = 0;
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 2 }), fc.boolean(), (rows, isNested) => {
        const data = isNested ? rows : rows.flat();
        const shape = [rows.length, 5];
        const body = { inputs: [{ name: 'numbers', datatype: 'FP64', shape, data }] };
        expect(outcomeOf(body, target)).toStrictEqual(outcomeOf(body, careful));
        if (target.readMatrix(rows.length, JSON.parse(JSON.stringify(rows.flat())))) read += 1;
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(20);
  });

  it('takes numbers as typed arrays, with NaN for what is missing', () => {
    expect(target.readMatrix(1, Float32Array.of(1, Number.NaN, 3, 1, Number.NaN))?.count).toBe(1);
    expect(target.readMatrix(1, Float32Array.of(1, 2, Number.NaN, 1, 0))).toBeUndefined();
    expect(target.readMatrix(1, BigInt64Array.of(1n, 2n, 3n, 1n, 0n))).toBeUndefined();
  });

  it('leaves models alone that take texts too', () => {
    const mixed = defineModel({ ...numeric, features: { note: { type: 'text' } } });
    expect(compileMatrixReader(mixed)(1, [1])).toBeUndefined();
  });
});
