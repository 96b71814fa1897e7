import { describe, expect, it } from 'vitest';
import { aDefinition, fruitHeader, fruitRows, validate } from './fixtures/validation.ts';
import { readHeldOut } from './held-out.ts';

const definition = aDefinition();

describe('readHeldOut', () => {
  it('gives the rows that no training saw, and the golden ones', async () => {
    const { store, outcome } = await validate(definition, [fruitHeader, ...fruitRows(60)].join('\n'));
    const manifest = { bucket: 'data', key: outcome.manifestKey ?? '' };
    const { rows, golden } = await readHeldOut(store.s3, manifest, definition);
    expect(rows).toHaveLength(outcome.rows.test);
    expect(golden.length).toBeGreaterThan(0);
  });

  it('refuses more than a function can hold, and reads none of them', async () => {
    const { store, outcome } = await validate(definition, [fruitHeader, ...fruitRows(60)].join('\n'));
    const key = outcome.manifestKey ?? '';
    const manifest = JSON.parse(store.text(key));
    store.put(key, JSON.stringify({ ...manifest, rows: { ...manifest.rows, test: 2_500_001 } }));
    store.objects.delete(manifest.files.test.key);
    await expect(readHeldOut(store.s3, { bucket: 'data', key }, definition)).rejects.toMatchObject({
      code: 'held-out-too-large',
      message:
        'fruit holds out 2500001 rows of 4 columns; at most 2500000 such rows can be judged: lower data.split.testShare',
    });
  });
});
