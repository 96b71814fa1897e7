import { describe, expect, it } from 'vitest';
import { modelDefinition } from '../../model/definition.ts';
import { columnsOf } from '../columns.ts';
import { withWorkspace } from '../database.duckdb.ts';
import { measureTable } from '../profile.duckdb.ts';
import { learnFills } from './fills.duckdb.ts';
import fixture from './fixtures/learned.json' with { type: 'json' };
import { learnOutlierLimits } from './outliers.duckdb.ts';

const definition = modelDefinition.parse({
  name: 'learned',
  task: 'classification',
  features: fixture.features,
  target: { name: 'y', type: 'category', categories: ['a', 'b'] },
  train: {},
});
const columns = columnsOf(definition);

/** What is learned of the fixture's rows when all of them are train rows. */
function learn() {
  return withWorkspace('1GB', async ({ connection }) => {
    const types = columns.map(
      ({ type }, place) =>
        `v${place} ${type === 'number' ? 'DOUBLE' : type === 'boolean' ? 'BOOLEAN' : 'VARCHAR'}`,
    );
    await connection.run(`CREATE TEMP TABLE placed (side VARCHAR, ${types.join(', ')})`);
    for (const row of fixture.rows) {
      const cells = row.map((cell) => (cell === '' ? 'NULL' : `'${cell}'`));
      await connection.run(`INSERT INTO placed VALUES ('train', ${cells.join(', ')})`);
    }
    // Held-out rows teach nothing.
    await connection.run(
      `INSERT INTO placed SELECT 'test', ${columns.map(({ type }, place) => (type === 'number' ? `v${place} + 1000` : `v${place}`)).join(', ')} FROM placed`,
    );
    const { profiles } = await measureTable(connection, 'placed', columns, {
      isTrain: `side = 'train'`,
      half: 'false',
    });
    const limits = await learnOutlierLimits(connection, columns, definition);
    return { fills: await learnFills(connection, columns, definition, profiles, limits), limits };
  });
}

describe('what cleaning learns', () => {
  it('is what the trainer puts into the graph', async () => {
    const { fills, limits } = await learn();
    const fillOf = (name: string) => fills.find(({ column }) => column.name === name);
    for (const [name, value] of Object.entries(fixture.fills)) {
      expect(fillOf(name)).toMatchObject({ strategy: name, value: expect.closeTo(value, 4) });
    }
    expect(fillOf('clipped')).toMatchObject({ strategy: 'mean', value: expect.closeTo(fixture.clipped, 4) });
    expect(fillOf('flag')).toMatchObject({ strategy: 'mode', value: fixture.flag });
    expect(fillOf('colour')).toMatchObject({ strategy: 'mode', value: fixture.colour });
    expect(limits.map(({ column, low, high }) => [column.name, low, high])).toEqual(
      Object.entries(fixture.limits).map(([name, [low = 0, high = 0]]) => [
        name,
        expect.closeTo(low, 4),
        expect.closeTo(high, 4),
      ]),
    );
  });

  it('counts what it will fill and what lies outside, on both sides', async () => {
    const { fills, limits } = await learn();
    const blanks = fixture.rows.filter((row) => row[fixture.header.indexOf('mean')] === '').length;
    expect(fills.find(({ column }) => column.name === 'mean')?.count).toBe(2 * blanks);
    const [low = 0, high = 0] = fixture.limits.iqr;
    const outside = fixture.rows
      .map((row) => Number(row[fixture.header.indexOf('iqr')]))
      .filter((value) => value < low || value > high).length;
    expect(limits[0]?.count).toBe(outside + fixture.rows.length);
  });
});
