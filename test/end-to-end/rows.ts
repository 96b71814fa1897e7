import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { root } from './platform.ts';

/** A repeatable stream of numbers from 0 to 1. Source: the mulberry32 generator. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export const irisFile = join(root, 'models', 'iris', 'data', 'iris.csv');
const irisText = readFileSync(irisFile, 'utf8').trimEnd();
export const irisHeader = irisText.split('\n')[0] ?? '';
export const irisLines = irisText.split('\n').slice(1);

export interface Flower {
  sepal_length: number;
  sepal_width: number;
  petal_length: number;
  petal_width: number;
}

export const irisRows: (Flower & { species: string })[] = irisLines.map((line) => {
  const [sepalLength, sepalWidth, petalLength, petalWidth, species = ''] = line.split(',');
  return {
    sepal_length: Number(sepalLength),
    sepal_width: Number(sepalWidth),
    petal_length: Number(petalLength),
    petal_width: Number(petalWidth),
    species,
  };
});

export function featuresOf({ species: _, ...flower }: Flower & { species: string }): Flower {
  return flower;
}

export function csv(header: string, lines: string[]): string {
  return `${[header, ...lines].join('\n')}\n`;
}

/** Many flowers like the iris ones, with a petal width that tells the species, and the last of them five times. */
export function leakingFlowers(count: number, seed: number): string {
  const random = randomNumbers(seed);
  const widths: Record<string, number> = { setosa: 0.2, versicolor: 1.3, virginica: 2.1 };
  const lines = Array.from({ length: count }, (_, i) => {
    const flower = irisRows[i % irisRows.length] as (typeof irisRows)[number];
    const { sepal_length: length, sepal_width: width, petal_length: petal, species } = flower;
    const moved = [length, width, petal].map((value) => (value + 0.2 * random()).toFixed(3));
    return [...moved, widths[species], species].join(',');
  });
  return csv(irisHeader, [...lines, ...new Array<string>(4).fill(lines.at(-1) ?? '')]);
}

/** The same measurements with species dealt out at random; `count` of the flowers. */
export function shuffledLabels(seed: number, count = irisRows.length): string {
  const random = randomNumbers(seed);
  const species = irisRows.map((flower) => flower.species);
  for (let i = species.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [species[i], species[j]] = [species[j] ?? '', species[i] ?? ''];
  }
  const lines = irisRows.map((flower, i) => `${Object.values(featuresOf(flower)).join(',')},${species[i]}`);
  // Of every species some: they follow each other in the file.
  const some = lines.filter(
    (_, i) => Math.floor((i * count) / lines.length) !== Math.floor(((i - 1) * count) / lines.length),
  );
  return csv(irisHeader, some);
}

/** Rows of the moody model: left below 25, right above, x up to 50 only. */
export function moodyRows(mood: number, count: number, seed: number): string {
  const random = randomNumbers(seed);
  const lines = Array.from({ length: count }, () => {
    const x = random() * 50;
    return `${x.toFixed(3)},${mood},${x < 25 ? 'left' : 'right'}`;
  });
  return csv('x,mood,side', lines);
}

/** The same rows as JSON lines; what reads as a number is one. */
export function jsonLines(text: string): string {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const names = header.split(',');
  const cell = (value: string) => (value === '' ? null : Number.isNaN(Number(value)) ? value : Number(value));
  return lines
    .map((line) => {
      const cells = line.split(',').map((value, column) => [names[column], cell(value)]);
      return `${JSON.stringify(Object.fromEntries(cells))}\n`;
    })
    .join('');
}

/** Writes the same rows beside a CSV file as Parquet; gives its path. */
export async function parquetOf(csvPath: string): Promise<string> {
  const path = csvPath.replace(/csv$/, 'parquet');
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run(`COPY (FROM read_csv('${csvPath}')) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

/** Rows of the guarded model: the price goes with the area. */
export function guardedRows(count: number, seed: number): string {
  const random = randomNumbers(seed);
  const lines = Array.from({ length: count }, () => {
    const area = 20 + random() * 200;
    const district = random() < 0.1 ? '' : random() < 0.5 ? 'north' : 'south';
    return `${area.toFixed(1)},${district},${(area * 100 + random() * 500).toFixed(0)}`;
  });
  return csv('area,district,price', lines);
}
