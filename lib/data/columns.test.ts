import { describe, expect, it } from 'vitest';
import { columnsOf, dataColumns, predictionColumns } from './columns.ts';
import { aDefinition } from './fixtures/validation.ts';

describe('columnsOf', () => {
  it('lists features, target and columns that only identify, in that order', () => {
    const columns = columnsOf(aDefinition({ identity: ['seeds', 'customer'] }));
    expect(columns.map(({ key, name, role, identifies }) => [key, name, role, identifies])).toEqual([
      ['c0', 'weight', 'feature', false],
      ['c1', 'seeds', 'feature', true],
      ['c2', 'colour', 'feature', false],
      ['c3', 'kind', 'target', false],
      ['c4', 'customer', 'identity', true],
    ]);
    expect(dataColumns(columns).map(({ name }) => name)).toEqual(['weight', 'seeds', 'colour', 'kind']);
  });

  it('makes of a prediction all but the target, and of what may be missing what may be left out', () => {
    const columns = predictionColumns(aDefinition({ identity: ['seeds', 'customer'] }));
    expect(columns.map(({ name, mayBeAbsent }) => [name, mayBeAbsent])).toEqual([
      ['weight', false],
      ['seeds', false],
      ['colour', true],
      ['customer', true],
    ]);
    expect(columnsOf(aDefinition()).some(({ mayBeAbsent }) => mayBeAbsent)).toBe(false);
  });

  it('reads columns that only checks need of uploads, and never of files to predict', () => {
    const definition = aDefinition({ data: { columns: { sold: { type: 'timestamp' } } } });
    expect(
      columnsOf(definition)
        .map(({ name, role }) => [name, role])
        .at(-1),
    ).toEqual(['sold', 'checked']);
    expect(dataColumns(columnsOf(definition)).some(({ name }) => name === 'sold')).toBe(false);
    expect(predictionColumns(definition).some(({ name }) => name === 'sold')).toBe(false);
  });

  it('refuses names that differ in case alone', () => {
    const twins = aDefinition({ features: { size: { type: 'number' }, Size: { type: 'number' } } });
    expect(() => columnsOf(twins)).toThrow(
      'model fruit: columns size and Size differ in case alone; rename one',
    );
  });
});
