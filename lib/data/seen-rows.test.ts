import { describe, expect, it } from 'vitest';
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

describe('unseenRows', () => {
  const find = async (test: Fruit[], trains: Promise<Buffer>[]) =>
    unseenRows(
      await fruits(test),
      trains.map((train) => () => train),
      aDefinition(),
    );

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
});
