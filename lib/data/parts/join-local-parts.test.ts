import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { DatasetReport } from '../dataset.ts';
import { parquetOf } from '../fixtures/parquet.ts';
import { fruitHeader, fruitRows } from '../fixtures/validation.ts';
import { checkLocalParts } from '../local-check.duckdb.ts';
import { csvPart, fruitDefinition, many, type Part, partLimits } from './fixtures/many-files.ts';

/** What a check on this machine says of files, and which it read. */
async function locally(parts: readonly Part[]): Promise<{ report: DatasetReport; read: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'evergreen-local-parts-'));
  const read: string[] = [];
  try {
    for (const { name, content } of parts) await writeFile(join(folder, name), content);
    const { report } = await checkLocalParts(
      fruitDefinition,
      {
        parts: parts.map(({ name, sha256 }) => ({ file: join(folder, name), name, sha256 })),
        together: 'june',
      },
      {
        earlier: null,
        maxSourceBytes: 1_000_000,
        memoryLimit: '512MB',
        limits: partLimits,
        now: () => new Date('2026-11-25T10:00:00Z'),
        onProgress: () => undefined,
        onPart: (name) => read.push(name),
      },
    );
    return { report, read };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A report without what only its origin makes. */
function bare({
  source,
  datasetId: _,
  runId: __,
  createdAt: ___,
  durationMs: ____,
  ...report
}: DatasetReport) {
  return { ...report, format: source.format, bytes: source.bytes, sha256: source.sha256 };
}

describe('joinLocalParts', { timeout: 60_000 }, () => {
  const parquet = (from: number, to: number) =>
    parquetOf(
      `SELECT (100 + i)::DOUBLE AS weight, (i % 7)::INTEGER AS seeds, ['red','green','blue'][1 + i % 3] AS colour, CASE WHEN i % 2 = 0 THEN 'apple' ELSE 'pear' END AS kind FROM range(${from}, ${to}) AS t(i)`,
    );
  const json = (from: number) =>
    Array.from({ length: 20 }, (_, i) =>
      JSON.stringify({ weight: from + i, seeds: 1, colour: 'red', kind: i % 2 ? 'apple' : 'pear' }),
    ).join('\n');

  it.each<[string, () => Promise<Part[]>]>([
    [
      'CSV, packed and not, with bad lines',
      async () => [
        csvPart('a.csv', [...fruitRows(30), 'x,1,red,apple']),
        {
          name: 'b.csv.gz',
          content: gzipSync(`\ufeff${[fruitHeader, ...fruitRows(20), '1,2'].join('\r\n')}`),
        },
      ],
    ],
    [
      'Parquet',
      async () => [
        { name: 'a.parquet', content: await parquet(0, 20) },
        { name: 'b.parquet', content: await parquet(20, 60) },
      ],
    ],
    [
      'JSON lines',
      async () => [
        { name: 'a.jsonl', content: json(0) },
        { name: 'b.ndjson.gz', content: gzipSync(json(20)) },
      ],
    ],
    [
      'files that cannot be used',
      async () => [
        csvPart('a.csv', fruitRows(20)),
        csvPart('c.csv', ['1,1,"red,apple']),
        { name: 'd.csv', content: `weight,colour,seeds,kind\n1,red,1,apple` },
        { name: 'e.csv', content: fruitHeader, sha256: 'd'.repeat(64) },
        { name: 'f.csv.gz', content: gzipSync('x').subarray(0, 10) },
      ],
    ],
    [
      'files of two formats',
      async () => [csvPart('a.csv', fruitRows(20)), { name: 'b.jsonl', content: json(0) }],
    ],
    ['an empty file', async () => [csvPart('a.csv', fruitRows(20)), { name: 'b.csv', content: '' }]],
    [
      'files that are too large together',
      async () =>
        ['a', 'b', 'c'].map((name) => ({
          name: `${name}.csv.gz`,
          content: gzipSync(`${fruitHeader}\n${' '.repeat(900_000)}1,1,red,apple`),
        })),
    ],
  ])('is told of %s what the deployed steps would tell', async (_, make) => {
    const parts = await make();
    const { report } = await many(parts);
    const here = await locally(parts);
    expect(bare(here.report)).toEqual(bare(report));
    expect(report.problems.every(({ file }) => file !== undefined)).toBe(true);
  });

  it('reads each file once, in their order', async () => {
    const { read, report } = await locally([csvPart('b.csv', fruitRows(9)), csvPart('a.csv', fruitRows(9))]);
    expect(read).toEqual(['b.csv', 'a.csv']);
    expect(report.source).toMatchObject({ key: 'june.csv', versionId: 'none' });
  });
});
