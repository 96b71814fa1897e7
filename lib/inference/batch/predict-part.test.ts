import { describe, expect, it, vi } from 'vitest';
import { type BatchPart, batchManifest, type PinnedVersion } from './batch.ts';
import { type BatchBench, batchBench, flowerFile, flowerHeader, flowerLines } from './fixtures/batches.ts';
import { readParquet } from './fixtures/read-parquet.ts';
import { predictPart } from './predict-part.ts';

const lines = flowerLines(250);

async function aBatch(content = flowerFile(lines)): Promise<{
  bench: BatchBench;
  batch: PinnedVersion;
  parts: BatchPart[];
  answers(n: number): Promise<Record<string, unknown>[]>;
}> {
  const bench = batchBench();
  const batch = await bench.planned(bench.upload(content));
  const folder = `batches/flowers/${batch.batchId}`;
  const { parts } = batchManifest.parse(JSON.parse(bench.store.text(`${folder}/rows/manifest.json`)));
  const answers = (n: number) =>
    readParquet(bench.store.objects.get(`${folder}/parts/0000${n}.parquet`) ?? Buffer.alloc(0));
  return { bench, batch, parts, answers };
}

const at = <T>(list: readonly T[], place: number): T => {
  const found = list[place];
  if (found === undefined) throw new Error(`there is nothing at ${place}`);
  return found;
};

describe('predictPart', () => {
  it('answers rows as the session that serves does, bit by bit', async () => {
    const { bench, batch, parts, answers } = await aBatch();
    expect(await predictPart({ batch, part: at(parts, 1) }, bench.partTools())).toEqual({
      isReused: false,
      rows: 100,
      refused: 0,
    });
    const { readRows, session } = await bench.partTools().open(batch);
    const rows = lines.slice(100, 200).map((line) => {
      const [length, width, petals, wild, colour] = line.split(',');
      const missing = (text: string | undefined) => (text === '' ? null : text);
      return {
        length: Number(length),
        width: missing(width) === null ? null : Number(width),
        petals: Number(petals),
        wild: wild === 'true',
        colour: missing(colour),
      };
    });
    const expected = await session.predict(readRows(rows));
    expect(await answers(1)).toEqual(
      expected.map((prediction, place) => ({
        row: 100 + place,
        prediction_id: `${batch.batchId}-${100 + place}`,
        ...prediction,
        error: null,
      })),
    );
    expect(expected.every((prediction) => 'scores' in prediction && prediction.scores !== undefined)).toBe(
      true,
    );
  });

  it('says in the place of an answer what is wrong with a row, and shows nothing personal', async () => {
    const bad = ['99,1,1,true,red', '1,1', ',1,1.5,true,purple'];
    const { bench, batch, parts, answers } = await aBatch(flowerFile([at(lines, 0), ...bad]));
    const outcome = await predictPart({ batch, part: at(parts, 0) }, bench.partTools());
    expect(outcome.refused).toBe(3);
    const found = await answers(0);
    expect(found.map(({ prediction_id }) => prediction_id)).toEqual([`${batch.batchId}-0`, null, null, null]);
    expect(found.map(({ error }) => error)).toEqual([
      null,
      'line 3: length is "99"; a number from 0 to 30 is needed',
      expect.stringMatching(/^line 4: the row has 2 cells/),
      expect.stringMatching(
        /^line 5: length is missing; line 5: petals is "1.5"; a whole number .* is needed; line 5: colour is "purple"; one of red, blue, white is needed$/,
      ),
    ]);
    for (const { label, scores } of found.slice(1)) expect([label, scores]).toEqual([null, null]);
  });

  it('leaves a part that is answered as it is', async () => {
    const { bench, batch, parts } = await aBatch();
    const request = { batch, part: at(parts, 0) };
    await predictPart(request, bench.partTools());
    const { length } = bench.store.written;
    const open = vi.fn(bench.partTools().open);
    expect(await predictPart(request, bench.partTools({ open }))).toMatchObject({
      isReused: true,
      rows: 100,
    });
    expect(open).not.toHaveBeenCalled();
    expect(bench.store.written).toHaveLength(length);
  });

  it('answers anew what was lost, or answered by another package or for other rows, with the same bytes', async () => {
    const { bench, batch, parts } = await aBatch();
    const request = { batch, part: at(parts, 0) };
    const key = `batches/flowers/${batch.batchId}/parts/00000.parquet`;
    await predictPart(request, bench.partTools());
    const before = bench.store.digests()[key];
    bench.store.objects.delete(key);
    expect(await predictPart(request, bench.partTools())).toMatchObject({ isReused: false });
    expect(bench.store.digests()[key]).toBe(before);
    const other = { ...batch, packageDigest: 'f'.repeat(64) };
    const open = () => bench.partTools().open(batch);
    expect(await predictPart({ ...request, batch: other }, bench.partTools({ open }))).toMatchObject({
      isReused: false,
    });
  });

  it('refuses rows that are not those of the plan, and a version that may not be served', async () => {
    const { bench, batch, parts } = await aBatch();
    const part = at(parts, 0);
    bench.store.put(part.key, 'other');
    await expect(predictPart({ batch, part }, bench.partTools())).rejects.toMatchObject({
      code: 'artifact-damaged',
    });
    bench.store.objects.delete(part.key);
    await expect(predictPart({ batch, part }, bench.partTools())).rejects.toMatchObject({
      code: 'artifact-missing',
    });
    bench.source.damage({ ...batch, datasetId: 'd', since: '' }, 'model.onnx');
    await expect(predictPart({ batch, part: at(parts, 1) }, bench.partTools())).rejects.toMatchObject({
      code: 'artifact-damaged',
    });
  });

  it('reads every column that the file brings, whatever their order', async () => {
    const names = flowerHeader.split(',').toReversed();
    const turned = lines.slice(0, 3).map((line) => line.split(',').toReversed().join(','));
    const { bench, batch, parts, answers } = await aBatch(flowerFile(turned, names.join(',')));
    await predictPart({ batch, part: at(parts, 0) }, bench.partTools());
    const straight = await aBatch(flowerFile(lines.slice(0, 3)));
    await predictPart({ batch: straight.batch, part: at(straight.parts, 0) }, straight.bench.partTools());
    const scores = (rows: Record<string, unknown>[]) => rows.map((row) => row.scores);
    expect(scores(await answers(0))).toEqual(scores(await straight.answers(0)));
  });
});
