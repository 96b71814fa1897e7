import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withWorkspace } from './database.duckdb.ts';
import { parquetOf } from './fixtures/parquet.ts';
import { aDefinition } from './fixtures/validation.ts';
import { unseenRows } from './seen-rows.duckdb.ts';

type Fruit = [weight: number | null, seeds: number, colour: string | null, kind: string];

const cells = (rows: Fruit[]) =>
  rows.map(([weight, seeds, colour, kind]) => {
    const text = colour === null ? 'NULL' : `'${colour}'`;
    return `(${weight}::DOUBLE, ${seeds}, ${text}::VARCHAR, '${kind}')`;
  });

const fruits = (rows: Fruit[], seedsType = 'BIGINT') =>
  parquetOf(
    `SELECT weight, seeds::${seedsType} AS seeds, colour, kind
     FROM (VALUES ${cells(rows).join(', ')}) AS fruits(weight, seeds, colour, kind)`,
  );

const red: Fruit = [100, 3, 'red', 'apple'];
const green: Fruit = [150.5, 4, 'green', 'pear'];
const bare: Fruit = [null, 5, null, 'pear'];

describe('unseenRows', { timeout: 60_000 }, () => {
  const find = async (test: Fruit[], trains: Promise<Buffer>[], mostCells = 1000) =>
    withWorkspace('1GB', async (workspace) => {
      const path = join(workspace.folder, 'test.parquet');
      await writeFile(path, await fruits(test));
      const writes = trains.map((train) => async (to: string) => writeFile(to, await train));
      return unseenRows(workspace, path, writes, aDefinition(), mostCells);
    });

  it('leaves out rows that are among train rows, wherever they stand, whatever their number type', async () => {
    expect(await find([red, green, bare], [fruits([bare, [1, 1, 'red', 'apple'], red], 'DOUBLE')])).toEqual([
      1,
    ]);
  });

  it('looks through all train sets', async () => {
    expect(await find([red, green, bare], [fruits([bare]), fruits([green])])).toEqual([0]);
  });

  it('takes a row with another target or a missing cell for another row', async () => {
    const others: Fruit[] = [
      [100, 3, 'red', 'pear'],
      [100, 3, null, 'apple'],
    ];
    expect(await find([red, bare], [fruits(others)])).toEqual([0, 1]);
  });

  it('tells of a sample by the indexes of its rows', async () => {
    const rows = Array.from({ length: 40 }, (_, i): Fruit => [i, i, 'red', 'apple']);
    const known = await find(rows, [], 40);
    expect(known).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const unseen = await find(rows, [fruits(rows.slice(0, 20))], 40);
    expect(unseen.length).toBeGreaterThan(0);
    expect(unseen.length).toBeLessThan(10);
    // Rows stand in the order of the file: those that were not trained on are the last.
    expect(unseen).toEqual(known.slice(-unseen.length));
  });
});
