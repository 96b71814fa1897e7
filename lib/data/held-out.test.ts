import { describe, expect, it } from 'vitest';
import type { Row } from './dataset.ts';
import { aDefinition, fruitHeader, fruitRows, validate } from './fixtures/validation.ts';
import { readHeldOut } from './held-out.ts';
import { readUnseen } from './unseen.ts';

const definition = aDefinition();

describe('readHeldOut', { timeout: 60_000 }, () => {
  it('gives the rows that no training saw, and the golden ones', async () => {
    const { store, outcome } = await validate(definition, [fruitHeader, ...fruitRows(60)].join('\n'));
    const manifest = { bucket: 'data', key: outcome.manifestKey ?? '' };
    const { rows, heldOut, golden } = await readHeldOut(store.s3, manifest, definition);
    expect(heldOut).toBe(outcome.rows.test);
    expect(rows).toHaveLength(outcome.rows.test);
    expect(golden.length).toBeGreaterThan(0);
  });

  describe('when more is held out than fits', () => {
    const rows = fruitRows(400);
    const hold = async (lines: string[], mostCells: number) => {
      const { store, outcome } = await validate(definition, [fruitHeader, ...lines].join('\n'));
      const manifest = { bucket: 'data', key: outcome.manifestKey ?? '' };
      return { outcome, ...(await readHeldOut(store.s3, manifest, definition, mostCells)) };
    };
    const asText = (some: readonly Row[]) => some.map((row) => JSON.stringify(row));

    it('draws as many as fit, and says how many there are', async () => {
      const { rows: drawn, heldOut, outcome } = await hold(rows, 4 * 25);
      expect(drawn).toHaveLength(25);
      expect(heldOut).toBe(outcome.rows.test);
      expect(new Set(asText(drawn)).size).toBe(25);
    });

    it('draws the same rows in every try, whatever their order in the file, and not the first', async () => {
      const all = await hold(rows, 1e6);
      const drawn = await hold(rows, 4 * 25);
      const reversed = await hold(rows.toReversed(), 4 * 25);
      expect(asText((await hold(rows, 4 * 25)).rows)).toEqual(asText(drawn.rows));
      expect(asText(reversed.rows).toSorted()).toEqual(asText(drawn.rows).toSorted());
      expect(asText(drawn.rows)).not.toEqual(asText(all.rows.slice(0, 25)));
      expect(asText(all.rows)).toEqual(expect.arrayContaining(asText(drawn.rows)));
    });

    it('draws a row that stands there often in proportion', async () => {
      // Two rows in three are one and the same.
      const often = rows.flatMap((row) => [row, '500,1,red,apple', '500,1,red,apple']);
      const seeded = aDefinition({
        data: { minRows: 2, duplicates: 'keep', split: { method: 'seeded', seed: 3 } },
      });
      const { store, outcome } = await validate(seeded, [fruitHeader, ...often].join('\n'));
      const manifest = { bucket: 'data', key: outcome.manifestKey ?? '' };
      const { rows: drawn } = await readHeldOut(store.s3, manifest, seeded, 4 * 120);
      const share = drawn.filter(({ weight }) => weight === 500).length / drawn.length;
      expect(drawn).toHaveLength(120);
      expect(share).toBeGreaterThan(0.5);
      expect(share).toBeLessThan(0.83);
    });

    it('draws rows of columns that are called as the database calls its own', async () => {
      const odd = aDefinition({
        features: {
          place: { type: 'number' },
          file_row_number: { type: 'integer' },
          content: { type: 'number' },
        },
      });
      const lines = Array.from(
        { length: 200 },
        (_, i) => `${i},${i % 7},${i / 2},${i % 2 ? 'apple' : 'pear'}`,
      );
      const { store, outcome } = await validate(
        odd,
        ['place,file_row_number,content,kind', ...lines].join('\n'),
      );
      const manifest = { bucket: 'data', key: outcome.manifestKey ?? '' };
      for (const mostCells of [40, 1e6]) {
        const { rows: drawn } = await readHeldOut(store.s3, manifest, odd, mostCells);
        expect(drawn).toHaveLength(Math.min(mostCells / 4, outcome.rows.test));
        for (const { place, content, file_row_number } of drawn) {
          expect([content, file_row_number]).toEqual([Number(place) / 2, Number(place) % 7]);
        }
        const all = await readUnseen(
          store.s3,
          { bucket: 'data', manifestKey: manifest.key },
          [],
          odd,
          mostCells,
        );
        expect(all).toHaveLength(drawn.length);
      }
    });

    it('takes at least one row', async () => {
      expect((await hold(rows, 1)).rows).toHaveLength(1);
    });
  });

  it('does not take a file that is not the one of the manifest, or is gone', async () => {
    const { store, outcome } = await validate(definition, [fruitHeader, ...fruitRows(60)].join('\n'));
    const manifest = { bucket: 'data', key: outcome.manifestKey ?? '' };
    const { key } = JSON.parse(store.text(manifest.key)).files.test;
    store.put(key, 'another');
    await expect(readHeldOut(store.s3, manifest, definition)).rejects.toMatchObject({
      code: 'artifact-damaged',
      message: expect.stringContaining('has the digest'),
    });
    store.objects.delete(key);
    await expect(readHeldOut(store.s3, manifest, definition)).rejects.toMatchObject({
      code: 'artifact-missing',
    });
  });
});
