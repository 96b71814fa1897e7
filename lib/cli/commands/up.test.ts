import { describe, expect, it } from 'vitest';
import { contextsOf } from './up.ts';

describe('contextsOf', () => {
  it('keeps what was deployed last unless something else is asked for', () => {
    expect(contextsOf({}, { bakeSeconds: '5' })).toEqual({ bakeSeconds: '5' });
    expect(contextsOf({ bake: 9, models: 'examples' }, { bakeSeconds: '5' })).toEqual({
      bakeSeconds: '9',
      models: 'examples',
    });
  });
});
