import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { columnsOf } from '../../lib/data/columns.ts';
import { splitRecord } from '../../lib/data/csv-scanner.ts';
import { csvLayout } from '../../lib/data/spark/csv-layout.ts';
import { type SparkSource, sparkPlan } from '../../lib/data/spark/spark-plan.ts';
import { stageFile, stageLimits } from '../../lib/data/stage-file.ts';
import { defineModel } from '../../lib/model/definition.ts';
import { packageRoot } from '../../lib/platform/package-root.ts';

const run = promisify(execFile);
const definition = defineModel({
  name: 'pairs',
  task: 'regression',
  features: { a: { type: 'text', mayBeMissing: true, maxLength: 100 }, b: { type: 'number' } },
  target: { name: 'c', type: 'number' },
  train: {},
});
const columns = columnsOf(definition);
const limits = stageLimits(1 << 20);
const partBytes = [1, 7, 64, 1 << 20];

const read = z.array(
  z.object({
    unreadable: z.object({ line: z.number(), message: z.string() }).nullable(),
    broken: z.object({
      count: z.number(),
      first: z.array(z.object({ line: z.number(), message: z.string() })),
    }),
    rows: z.array(z.tuple([z.number()], z.string().nullable())).nullable(),
    numbers: z.boolean(),
  }),
);

/** Bytes that mean something to a reader of CSV, and a few that do not. */
const csvBytes = fc
  .array(
    fc.constantFrom(
      '"',
      '"',
      '""',
      ',',
      ',',
      '\n',
      '\n',
      '\r\n',
      '\r',
      'x',
      'é',
      '\0',
      '1',
      'a b',
      '"q",1,2\n',
      '1,2,3\n',
    ),
    {
      maxLength: 60,
    },
  )
  .map((parts) => Buffer.from(parts.join('')));
const notUtf8 = csvBytes.map((bytes) => Buffer.concat([bytes, Buffer.from([0xe9, 0x0a])]));

/** Lines of JSON, and of what is nearly that. */
const jsonLine = fc.oneof(
  fc.json({ maxDepth: 2 }),
  fc
    .record({
      a: fc.jsonValue({ maxDepth: 1 }),
      b: fc.double(),
      c: fc.oneof(fc.maxSafeInteger(), fc.string()),
    })
    .map((row) => JSON.stringify(row)),
  fc.constantFrom(
    '',
    ' ',
    '{"a":1,"a":2}',
    '{"b":1e400}',
    '{"b":-0.0,"a":"\\ud800"}',
    '{"a":{"10":1,"9":[1e21]}}',
    '{',
    '[1]',
    '\ufeff{}',
  ),
);
const jsonBytes = fc.array(jsonLine, { maxLength: 6 }).map((lines) => Buffer.from(lines.join('\n')));

interface Try {
  format: 'csv' | 'jsonl';
  bytes: Buffer;
}

describe('readers of Spark and of the function', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evergreen-readers-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** What the function stages of a file. */
  async function staged({ format, bytes }: Try, place: number) {
    const path = join(folder, `${place}.txt`);
    await writeFile(path, bytes);
    const to = join(folder, `${place}.staged`);
    const found = await stageFile(path, to, { format, isGzip: false }, columns, limits);
    return { path, found, text: await readFile(to, 'utf8') };
  }

  it.each<[string, fc.Arbitrary<Try>]>([
    [
      'CSV',
      fc
        .oneof({ weight: 9, arbitrary: csvBytes }, notUtf8)
        .map((bytes): Try => ({ format: 'csv', bytes: Buffer.concat([Buffer.from('a,b,c\n'), bytes]) })),
    ],
    ['JSON lines', jsonBytes.map((bytes): Try => ({ format: 'jsonl', bytes }))],
  ])('say the same of any %s, however it is cut into parts', { timeout: 600_000 }, async (_, arbitrary) => {
    const tries = fc.sample(arbitrary, { numRuns: 1500, seed: 20 });
    const cases = await Promise.all(
      tries.map(async (each, place) => {
        const { path, found, text } = await staged(each, place);
        const layout = each.format === 'csv' ? csvLayout(each.bytes, columns, limits.maxLineBytes) : null;
        if (layout && 'message' in layout) throw new Error(layout.message);
        const file = { isGzip: false, format: each.format };
        const plan = sparkPlan(columns, { ...file, ...layout } as SparkSource, {
          definition,
          limits,
          earlier: null,
          hashKeyArn: '',
          categories: new Map(),
        });
        return { path, plan, partBytes, found, text };
      }),
    );
    const list = join(folder, 'cases.json');
    await writeFile(list, JSON.stringify(cases.map(({ path, plan }) => ({ path, plan, partBytes }))));
    const script = fileURLToPath(new URL('../../lib/data/spark/fixtures/read-files.py', import.meta.url));
    const { stdout } = await run(join(packageRoot, '.venv', 'bin', 'python'), [script, list], {
      env: { ...process.env, PYTHONPATH: join(packageRoot, 'spark') },
      maxBuffer: 1 << 28,
    });
    const answers = read.parse(JSON.parse(stdout));
    for (const [place, { found, text }] of cases.entries()) {
      const failure = found.failure?.line === 0 ? null : found.failure;
      for (const [cut, size] of partBytes.entries()) {
        const answer = answers[place * partBytes.length + cut];
        const told = `${JSON.stringify(tries[place]?.bytes.toString('latin1'))} in parts of ${size}`;
        expect(answer?.unreadable, told).toEqual(failure);
        if (failure) continue;
        expect(answer?.broken, told).toEqual(found.broken);
        expect(answer?.rows, told).toEqual(recordsOf(text));
        expect(answer?.numbers, told).toBe(true);
      }
    }
  });
});

/** Line and cells of each staged record. */
function recordsOf(text: string): (number | string | null)[][] {
  const records: string[] = [];
  let open = '';
  for (const line of text.split('\n').slice(0, -1)) {
    open = open === '' ? line : `${open}\n${line}`;
    if ((open.split('"').length - 1) % 2 === 1) continue;
    records.push(open);
    open = '';
  }
  return records.map((record) => {
    const [line, ...cells] = splitRecord(record);
    return [Number(line), ...cells.map((cell) => cell || null)];
  });
}
