import { describe, expect, it } from 'vitest';
import { defineModel, type ModelDefinitionInput } from './definition.ts';

const definition: ModelDefinitionInput = {
  name: 'fruit',
  task: 'classification',
  features: {
    weight: { type: 'number', min: 0, max: 10, mayBeMissing: true },
    ripe: { type: 'boolean' },
    colour: { type: 'category', categories: ['red', 'green'], mayBeMissing: true },
  },
  target: { name: 'kind', type: 'category', categories: ['apple', 'pear'] },
  data: {},
  train: {},
};
type Data = NonNullable<ModelDefinitionInput['data']>;
const withData = (data: Data) => () => defineModel({ ...definition, data });
const withChecks = (checks: Data['checks'], columns: Data['columns'] = {}) => withData({ checks, columns });
const withFeature =
  (name: string, feature: object, more: Partial<ModelDefinitionInput> = {}) =>
  () =>
    defineModel({ ...definition, ...more, features: { ...definition.features, [name]: feature as never } });
const must = (asked: object) => ({ rules: [{ name: 'r', must: asked as never }] });

describe('dataProblems', () => {
  it.each([
    [
      'a column that is a feature already',
      withData({ columns: { weight: { type: 'number' } } }),
      'weight is read already',
    ],
    [
      'more columns than are read',
      () =>
        defineModel({
          ...definition,
          features: Object.fromEntries(
            Array.from({ length: 1000 }, (_, place) => [`f${place}`, { type: 'number' as const }]),
          ),
          identity: ['f0'],
        }),
      'the model reads 1001 columns, and at most 1000 are read',
    ],
    [
      'a pattern of a number',
      withChecks({ patterns: [{ column: 'weight', pattern: 'x' }] }),
      'weight is a number; a text is needed',
    ],
    [
      'a pattern of nothing',
      withChecks({ patterns: [{ column: 'none', pattern: 'x' }] }),
      'none is no column of the model; name it in data.columns',
    ],
    [
      'a pattern that is none',
      withChecks({ patterns: [{ column: 'colour', pattern: '(' }] }),
      '( holds "(" at character 1, which is never closed',
    ],
    [
      'a pattern that looks ahead',
      withChecks({ patterns: [{ column: 'colour', pattern: '(?=a)' }] }),
      'looks around, names a group or sets an option',
    ],
    [
      'a pattern that refers back',
      withChecks({ patterns: [{ column: 'colour', pattern: '(a)\\1' }] }),
      '\\1" at character 4, which is not read',
    ],
    ['a rule about nothing', withChecks(must({ column: 'none', is: 'present' })), 'none is no column'],
    [
      'a rule against nothing',
      withChecks(must({ column: 'weight', is: '<', otherColumn: 'none' })),
      'none is no column',
    ],
    [
      'a rule of a number and a text',
      withChecks(must({ column: 'weight', is: '<', otherColumn: 'colour' })),
      'weight is a number and colour a text',
    ],
    [
      'a rule with a value of another type',
      withChecks(must({ column: 'weight', is: '<', value: 'two' })),
      'weight is a number and cannot be "two"',
    ],
    [
      'a rule with values of another type',
      withChecks(must({ column: 'ripe', is: 'in', values: [1] })),
      'ripe is a boolean and cannot be 1',
    ],
    [
      'a rule with a time that is none',
      withChecks(must({ column: 'sold', is: '>', value: 'yesterday' }), { sold: { type: 'timestamp' } }),
      'sold is a timestamp; compare it with one as 2026-05-01T12:00:00Z',
    ],
    ['uniqueness of nothing', withChecks({ unique: [{ columns: ['none'] }] }), 'none is no column'],
    [
      'freshness by a number',
      withChecks({ freshness: { column: 'weight', maxAgeHours: 1 } }),
      'weight is a number; a timestamp is needed',
    ],
    ['sources of nothing', withChecks({ sources: { column: 'shop' } }), 'shop is no column'],
    ['key duplicates without a key', withData({ keyDuplicates: 'first' }), 'needs identity'],
    [
      'a fill that is out of range',
      withFeature('weight', { ...definition.features.weight, impute: { strategy: 'constant', value: 11 } }),
      'impute.value 11 is not from 0 to 10',
    ],
    [
      'a fraction for an integer',
      withFeature('n', { type: 'integer', mayBeMissing: true, impute: { strategy: 'constant', value: 0.5 } }),
      'impute.value 0.5 is no integer',
    ],
    [
      'a fill that is no category',
      withFeature('colour', {
        ...definition.features.colour,
        impute: { strategy: 'constant', value: 'blue' },
      }),
      'impute.value blue is none of its categories',
    ],
    [
      'a fill of what is never missing',
      withFeature('n', { type: 'number', impute: { strategy: 'mean' } }),
      'impute is for features that mayBeMissing',
    ],
    [
      'clipping with private training',
      withFeature(
        'weight',
        { type: 'number', min: 0, max: 10, outliers: { action: 'clip' } },
        { privacy: { differentialPrivacy: { epsilon: 1 } }, train: { algorithm: 'gradient-descent' } },
      ),
      'with privacy.differentialPrivacy nothing may be learned',
    ],
    [
      'clipping with parties',
      withFeature(
        'weight',
        { type: 'number', min: 0, max: 10, outliers: { action: 'clip' } },
        { train: { algorithm: 'gradient-descent', federated: { parties: ['a', 'b'] } } },
      ),
      'with train.federated nothing is learned',
    ],
    [
      'units with parties',
      withFeature(
        'weight',
        { type: 'number', min: 0, max: 10, units: { g: 1 } },
        { train: { algorithm: 'gradient-descent', federated: { parties: ['a', 'b'] } } },
      ),
      "with train.federated a party's rows are read as they stand",
    ],
    [
      'a category that is never met',
      withFeature('colour', { type: 'category', categories: ['Red', 'green'], normalise: { case: 'lower' } }),
      'category "Red" is never met: normalise makes "red" of it',
    ],
    [
      'a unit with a quote',
      withFeature('weight', { type: 'number', units: { "'": 1 } }),
      'use 1 to 16 characters without blanks',
    ],
  ])('refuses %s', (_, define, message) => {
    expect(define).toThrow(message);
  });

  it('takes checks and cleaning that fit', () => {
    const { data } = defineModel({
      ...definition,
      identity: ['id'],
      features: {
        ...definition.features,
        weight: {
          type: 'number',
          min: 0,
          max: 10,
          mayBeMissing: true,
          units: { g: 0.001 },
          impute: { strategy: 'mean' },
          outliers: { action: 'clip' },
        },
      },
      data: {
        keyDuplicates: 'last',
        columns: { sold: { type: 'timestamp' }, shop: { type: 'text' } },
        checks: {
          freshness: { column: 'sold', maxAgeHours: 48 },
          sources: { column: 'shop' },
          unique: [{ columns: ['id', 'sold'] }],
          rules: [
            {
              name: 'r',
              when: { any: [{ column: 'ripe', is: '=', value: true }] },
              must: { all: [{ column: 'sold', is: '>', value: '2020-01-01' }] },
            },
          ],
        },
      },
    });
    expect(data.checks.rules[0]).toMatchObject({ action: 'quarantine' });
  });
});
