import { describe, expect, it } from 'vitest';
import { batchManifest, batchSummary } from './batch.ts';
import { collectBatch } from './collect-batch.ts';
import { batchBench, flowerFile, flowerLines } from './fixtures/batches.ts';
import { readParquet } from './fixtures/read-parquet.ts';
import { predictPart } from './predict-part.ts';

const content = flowerFile(flowerLines(250).map((line, row) => (row % 50 === 3 ? '99,1,1,true,red' : line)));

async function answered() {
  const bench = batchBench();
  const batch = await bench.planned(bench.upload(content));
  const folder = `batches/flowers/${batch.batchId}`;
  const manifest = batchManifest.parse(JSON.parse(bench.store.text(`${folder}/rows/manifest.json`)));
  for (const part of manifest.parts) await predictPart({ batch, part }, bench.partTools());
  const request = { ...batch, startedAt: '2026-11-24T09:59:50.000Z', reusedParts: 1 };
  return { bench, batch, folder, request };
}

describe('collectBatch', () => {
  it('joins all parts in the order of the file, and says what became of it', async () => {
    const { bench, batch, folder, request } = await answered();
    const summary = await collectBatch(request, bench.collectTools);
    const bytes = bench.store.objects.get(`${folder}/result/result.parquet`) ?? Buffer.alloc(0);
    expect(summary).toMatchObject({
      ...batch,
      rows: 250,
      answered: 245,
      refused: 5,
      parts: 3,
      reusedParts: 1,
      idRule: `${batch.batchId}-<row>`,
      seconds: 10,
      result: { bytes: bytes.length, sha256: bench.store.digests()[`${folder}/result/result.parquet`] },
    });
    const error = expect.stringMatching(/length is "99"/);
    expect(summary.refusedFirst).toEqual([3, 53, 103, 153, 203].map((row) => ({ row, error })));
    expect((await readParquet(bytes)).map(({ row }) => row)).toEqual(
      Array.from({ length: 250 }, (_, row) => row),
    );
    expect(batchSummary.parse(JSON.parse(bench.store.text(`${folder}/result/summary.json`)))).toEqual(
      summary,
    );
    expect(bench.store.written.at(-1)).toBe(`${folder}/result/summary.json`);
  });

  it('leaves a result that is there, and makes one anew that was lost, with the same bytes', async () => {
    const { bench, folder, request } = await answered();
    const summary = await collectBatch(request, bench.collectTools);
    const { length } = bench.store.written;
    expect(await collectBatch({ ...request, reusedParts: 3 }, bench.collectTools)).toEqual(summary);
    expect(bench.store.written).toHaveLength(length);
    bench.store.objects.delete(`${folder}/result/result.parquet`);
    expect((await collectBatch(request, bench.collectTools)).result).toEqual(summary.result);
  });

  it('keeps the first twenty of the rows that were refused', async () => {
    const bench = batchBench();
    const batch = await bench.planned(
      bench.upload(flowerFile(Array.from({ length: 30 }, () => '99,1,1,true,red'))),
    );
    const key = `batches/flowers/${batch.batchId}/rows/manifest.json`;
    const { parts } = batchManifest.parse(JSON.parse(bench.store.text(key)));
    for (const part of parts) await predictPart({ batch, part }, bench.partTools());
    const request = { ...batch, startedAt: '2026-11-24T09:59:50.000Z', reusedParts: 0 };
    const summary = await collectBatch(request, bench.collectTools);
    expect(summary).toMatchObject({ rows: 30, answered: 0, refused: 30 });
    expect(summary.refusedFirst).toHaveLength(20);
  });

  it('refuses parts that are missing, damaged, or answers to something else', async () => {
    const { bench, batch, folder, request } = await answered();
    const first = `${folder}/parts/00000.parquet`;
    const whole = bench.store.objects.get(first) ?? Buffer.alloc(0);
    bench.store.objects.set(first, Buffer.from(whole.map((byte, place) => (place === 40 ? byte ^ 1 : byte))));
    await expect(collectBatch(request, bench.collectTools)).rejects.toThrow(/00000\.parquet has the digest/);
    bench.store.objects.delete(first);
    await expect(collectBatch(request, bench.collectTools)).rejects.toMatchObject({
      code: 'artifact-missing',
    });
    const other = { ...batch, packageDigest: 'e'.repeat(64) };
    const { parts } = batchManifest.parse(JSON.parse(bench.store.text(`${folder}/rows/manifest.json`)));
    const open = () => bench.partTools().open(batch);
    const [part] = parts;
    if (part) await predictPart({ batch: other, part }, bench.partTools({ open }));
    await expect(collectBatch(request, bench.collectTools)).rejects.toThrow(
      /holds answers to other rows, or by another package/,
    );
    bench.store.objects.delete(`${folder}/rows/manifest.json`);
    await expect(collectBatch(request, bench.collectTools)).rejects.toThrow(/there is no .*manifest\.json/);
  });
});
