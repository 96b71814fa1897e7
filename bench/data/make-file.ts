import { DuckDBInstance } from '@duckdb/node-api';

/** Classes of defects that are planted, by the names of the gate's rules. */
export const classes = ['missing', 'range', 'type', 'category', 'shape'] as const;

const numbers = Array.from({ length: 12 }, (_, i) => `n${i}`);
const integers = Array.from({ length: 4 }, (_, i) => `i${i}`);
const categories = ['c0', 'c1', 'c2'];
export const names = [...numbers, ...integers, ...categories, 'y'];

/**
 * Writes a CSV of 12 normal numbers, 4 whole numbers, 3 categories and a class that two numbers and noise decide, the same
 * each time. With `isBroken` one row in two hundred has one of five defects, so that 0.1 % of the rows have each.
 */
export async function makeFile(path: string, rows: number, isBroken: boolean): Promise<void> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const uniform = (stream: number) => `((hash(i, ${stream}) % 1000003 + 0.5) / 1000003)`;
  const normal = (stream: number) =>
    `sqrt(-2 * ln(${uniform(stream)})) * cos(2 * pi() * ${uniform(stream + 100)})`;
  const planted = (place: number, broken: string, cell: string) =>
    `CASE WHEN defect = ${place} THEN '${broken}' ELSE ${cell} END`;
  const cells: Record<string, string> = Object.fromEntries(names.map((name) => [name, name]));
  cells.n0 = planted(0, '', 'n0');
  cells.n1 = planted(1, '99', 'n1');
  cells.n2 = planted(2, 'tall', 'n2');
  cells.c0 = planted(3, 'violet', 'c0');
  // concat_ws leaves out what is null: such a row has one cell less.
  cells.y = 'CASE WHEN defect = 4 THEN NULL ELSE y END';
  const columns = [
    ...numbers.map((name, place) => `CAST(round(${normal(place)}, 5) AS VARCHAR) AS ${name}`),
    ...integers.map(
      (name, place) => `CAST(floor(1000 * ${uniform(20 + place)}) AS INTEGER)::VARCHAR AS ${name}`,
    ),
    ...categories.map(
      (name, place) => `['red', 'green', 'blue'][1 + floor(3 * ${uniform(30 + place)})::INTEGER] AS ${name}`,
    ),
    `CASE WHEN ${normal(0)} + ${normal(1)} + ${normal(40)} > 0 THEN 'yes' ELSE 'no' END AS y`,
  ];
  const defect = isBroken ? `CASE WHEN i % 200 = 0 THEN (i // 200) % ${classes.length} ELSE -1 END` : '-1';
  await connection.run(
    `COPY (SELECT '${names.join(',')}' AS line UNION ALL
           SELECT concat_ws(',', ${names.map((name) => cells[name]).join(', ')})
           FROM (SELECT ${defect} AS defect, ${columns.join(', ')} FROM range(${rows}) AS rows(i)))
     TO '${path}' (FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '')`,
  );
  instance.closeSync();
}
