import { describe, expect, it } from 'vitest';
import { defineModel, type ModelDefinitionInput } from './definition.ts';
import { disguiseOf, hashKeyNameOf } from './disguise.ts';

const loans: ModelDefinitionInput = {
  name: 'loans',
  task: 'classification',
  features: {
    income: { type: 'number' },
    agent: { type: 'text', personalData: 'identifier' },
    note: { type: 'text' },
  },
  target: { name: 'granted', type: 'category', categories: ['no', 'yes'] },
  train: {},
};
const asking = (privacy: ModelDefinitionInput['privacy']) => defineModel({ ...loans, privacy });

describe('disguiseOf', () => {
  it('is asked for by the class of a feature', () => {
    const hashing = asking({ personalData: { identifier: 'hash', contact: 'mask' }, hash: { key: 'may' } });
    expect(disguiseOf(hashing, 'agent')).toEqual({ kind: 'hash', key: 'may' });
    expect(disguiseOf(hashing, 'note')).toBeUndefined();
    expect(disguiseOf(asking({ personalData: { identifier: 'mask' } }), 'agent')).toEqual({
      kind: 'mask',
      keepLast: 4,
    });
    expect(disguiseOf(asking({}), 'agent')).toBeUndefined();
  });

  it('names the key that is needed, where one is', () => {
    expect(hashKeyNameOf(asking({ personalData: { identifier: 'hash' } }))).toBe('1');
    expect(hashKeyNameOf(asking({ personalData: { identifier: 'mask' } }))).toBeUndefined();
  });
});
