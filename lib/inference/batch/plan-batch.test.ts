import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { batchManifest } from './batch.ts';
import { batchBench, flowerFile, flowerLines } from './fixtures/batches.ts';
import { readParquet } from './fixtures/read-parquet.ts';

const lines = flowerLines(250);

describe('planBatch', () => {
  it('cuts a file into parts of one size, with their digests and the version that answers them', async () => {
    const bench = batchBench();
    const request = bench.upload(flowerFile(lines));
    const outcome = await bench.plan(request);
    const folder = `batches/flowers/${request.batchId}/rows/`;
    const { model, packagePrefix, packageDigest, modelDigest } = bench.version;
    const batch = { model, version: 3, packagePrefix, packageDigest, modelDigest, batchId: request.batchId };
    expect(outcome).toEqual({ outcome: 'planned', batch, manifestKey: `${folder}manifest.json`, parts: 3 });
    const manifest = batchManifest.parse(JSON.parse(bench.store.text(`${folder}manifest.json`)));
    expect(manifest).toMatchObject({ ...batch, rows: 250, input: { sha256: request.sha256, format: 'csv' } });
    expect(manifest.parts.map(({ key, rows }) => [key, rows])).toEqual([
      [`${folder}00000.parquet`, 100],
      [`${folder}00001.parquet`, 100],
      [`${folder}00002.parquet`, 50],
    ]);
    for (const { key, sha256, bytes } of manifest.parts) {
      expect(bench.store.digests()[key]).toBe(sha256);
      expect(bench.store.objects.get(key)?.length).toBe(bytes);
    }
    // The manifest comes last: until it is there, nobody takes the rest for a plan.
    expect(bench.store.written.at(-1)).toBe(`${folder}manifest.json`);
  });

  it('numbers rows in the order of the file, those that do not fit among them', async () => {
    const bench = batchBench();
    const bad = ['99,1,1,true,red', '1,1', '1,1,1,maybe,red', '1,1,1,true,purple', '"1",,,true,'];
    await bench.planned(bench.upload(flowerFile([lines[0] ?? '', ...bad, '', lines[1] ?? ''])));
    const [key = ''] = bench.store.written;
    const rows = await readParquet(bench.store.objects.get(key) ?? Buffer.alloc(0));
    expect(rows.map(({ row, line, fault }) => [row, line, fault !== null])).toEqual([
      [0, 2, false],
      [1, 3, false],
      [2, 4, true],
      [3, 5, false],
      [4, 6, false],
      [5, 7, false],
      [6, 9, false],
    ]);
    expect(rows.map(({ rules }) => rules !== null)).toEqual([false, true, false, true, true, true, false]);
  });

  it('does without columns that may be missing, and without those that only identify', async () => {
    const bench = batchBench();
    const file = flowerFile(['1,1,true', '2,2,false'], 'length,petals,wild');
    expect(await bench.plan(bench.upload(file))).toMatchObject({ outcome: 'planned' });
    const jsonl = '{"length":1,"petals":1,"wild":true}\n';
    expect(await bench.plan(bench.upload(jsonl, 'input.jsonl'))).toMatchObject({ outcome: 'planned' });
  });

  it('names the columns that the model does not read', async () => {
    const bench = batchBench();
    const file = flowerFile(['1,1,true,rose,x'], 'length,petals,wild,kind,note');
    const request = bench.upload(file);
    await bench.planned(request);
    const key = `batches/flowers/${request.batchId}/rows/manifest.json`;
    expect(JSON.parse(bench.store.text(key)).ignoredColumns).toEqual(['kind', 'note']);
  });

  it('reads gzip', async () => {
    const bench = batchBench();
    const request = bench.upload(gzipSync(flowerFile(lines)), 'input.csv.gz');
    expect(await bench.plan(request)).toMatchObject({ parts: 3 });
  });

  it.each([
    [
      'lacks a column',
      flowerFile(['1,1'], 'length,petals'),
      'column "wild" is missing; the file has "length", "petals"',
    ],
    ['has a header alone', flowerFile([]), 'the file has no rows'],
    ['is empty', '', /the file is empty/],
    ['is no CSV', Buffer.from([0, 1, 2, 255]), /zero byte|UTF-8/],
  ])('refuses a file that %s, and leaves nothing', async (_, content, reason) => {
    const bench = batchBench();
    const outcome = await bench.plan(bench.upload(content));
    expect(outcome).toEqual({ outcome: 'refused', reason: expect.stringMatching(reason) });
    expect(bench.store.written).toEqual([]);
  });

  it.each([
    ['that is no Parquet', 'input.parquet', /the Parquet file cannot be read/],
    ['of another kind', 'input.txt', /input\.txt is no CSV, Parquet or JSON lines by its name/],
  ])('refuses a file %s', async (_, name, reason) => {
    const bench = batchBench();
    const outcome = await bench.plan(bench.upload('x,y\n', name));
    expect(outcome).toEqual({ outcome: 'refused', reason: expect.stringMatching(reason) });
  });

  it('refuses a file of which more rows cannot be cut than it keeps', async () => {
    const bench = batchBench();
    const outcome = await bench.plan(bench.upload(flowerFile(Array.from({ length: 10_001 }, () => '1,1'))));
    expect(outcome).toEqual({
      outcome: 'refused',
      reason: '10001 rows could not be cut into cells; at most 10000 may be so',
    });
  });

  it('reads no file that is over the limit', async () => {
    const bench = batchBench();
    const request = bench.upload(flowerFile(lines));
    expect(await bench.plan(request, { maxInputBytes: 100 })).toEqual({
      outcome: 'refused',
      reason: expect.stringMatching(/^the file has \d+ bytes; at most 100 are read$/),
    });
  });

  it('answers a plan that is there, and makes it anew when a part is gone', async () => {
    const bench = batchBench();
    const request = bench.upload(flowerFile(lines));
    const first = await bench.plan(request);
    const { length } = bench.store.written;
    expect(await bench.plan(request)).toEqual(first);
    expect(bench.store.written).toHaveLength(length);
    const before = bench.store.digests();
    bench.store.objects.delete(`batches/flowers/${request.batchId}/rows/00001.parquet`);
    expect(await bench.plan(request)).toEqual(first);
    // The same file is cut into the same bytes.
    expect(bench.store.digests()).toEqual(before);
  });

  it('leaves no plan when it dies on its way, and the next attempt makes it', async () => {
    const bench = batchBench();
    const request = bench.upload(flowerFile(lines));
    bench.store.failWrite(2);
    await expect(bench.plan(request)).rejects.toThrow('the process died here');
    expect(bench.store.written.some((key) => key.endsWith('manifest.json'))).toBe(false);
    expect(await bench.plan(request)).toMatchObject({ parts: 3 });
  });

  it.each([
    ['another id', { batchId: 'b-0' }],
    ['another digest', { sha256: '1'.repeat(64) }],
    ['another key', { input: { bucket: 'data', key: 'incoming/flowers/a.csv', versionId: 'v1' } }],
  ])('refuses a request with %s than that of its file', async (_, change) => {
    const bench = batchBench();
    const request = { ...bench.upload(flowerFile(lines)), ...change };
    await expect(bench.plan(request)).rejects.toMatchObject({ code: 'request-invalid' });
  });

  it('refuses an object that is not the file of the request', async () => {
    const bench = batchBench();
    const request = bench.upload(flowerFile(lines));
    bench.store.put(request.input.key, 'other');
    await expect(bench.plan(request)).rejects.toThrow(
      /has the digest .* instead of .*; run the command again/,
    );
    bench.store.objects.delete(request.input.key);
    await expect(bench.plan(request)).rejects.toMatchObject({ code: 'upload-missing' });
  });
});
