import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readEnvironment } from './environment.ts';

const shape = { TABLE: z.string(), BAKE_SECONDS: z.coerce.number().int().positive().optional() };

describe('readEnvironment', () => {
  it('reads what a function needs, in the type it needs', () => {
    expect(readEnvironment(shape, { TABLE: 'runs', BAKE_SECONDS: '4', OTHER: 'x' })).toEqual({
      TABLE: 'runs',
      BAKE_SECONDS: 4,
    });
    expect(readEnvironment(shape, { TABLE: 'runs' })).toEqual({ TABLE: 'runs' });
  });

  it('names everything that is missing or wrong, and no value', () => {
    expect(() => readEnvironment(shape, { BAKE_SECONDS: 'soon' })).toThrow(
      'environment variables missing or wrong: TABLE, BAKE_SECONDS',
    );
    expect(() => readEnvironment(shape, {})).toThrow(expect.objectContaining({ code: 'internal' }));
  });
});
