import { describe, expect, it } from 'vitest';
import { writeCardFiles } from './card-files.ts';
import { CardBucket } from './fixtures/packages.ts';
import { modelCard } from './model-card.ts';

const prefix = 'cards/fruit/00000003/';
const written = (bucket: CardBucket) =>
  ['card.json', 'card.html', 'bom.json'].map((name) => bucket.text(prefix + name));

describe('writeCardFiles', () => {
  it('writes the card, its page and the bill of materials below the version', async () => {
    const bucket = new CardBucket();
    await writeCardFiles(bucket, bucket.version);
    const [card = '', page, bom] = written(bucket);
    expect(modelCard.parse(JSON.parse(card))).toMatchObject({ model: 'fruit', version: 3 });
    expect(page).toMatch(/^<!doctype html>/);
    expect(bom).toContain('machine-learning-model');
  });

  it('writes the same bytes again', async () => {
    const [one, other] = [new CardBucket(), new CardBucket()];
    await writeCardFiles(one, one.version);
    await writeCardFiles(other, other.version);
    await writeCardFiles(other, other.version);
    expect(written(other)).toEqual(written(one));
  });

  it('does without an explanation', async () => {
    const bucket = new CardBucket({}, ['explanation.json']);
    await writeCardFiles(bucket, bucket.version);
    expect(JSON.parse(bucket.text(`${prefix}card.json`)).importance).toBeNull();
  });

  it.each([
    ['is not there', 'artifact-missing', (bucket: CardBucket, key: string) => bucket.objects.delete(key)],
    ['was changed', 'artifact-damaged', (bucket: CardBucket, key: string) => bucket.write(key, '{}')],
  ])('writes nothing when a document of the package %s', async (_, code, damage) => {
    const bucket = new CardBucket();
    damage(bucket, `${bucket.version.packagePrefix}evaluation.json`);
    await expect(writeCardFiles(bucket, bucket.version)).rejects.toMatchObject({ code });
    expect(bucket.objects.has(`${prefix}card.json`)).toBe(false);
  });

  it('writes nothing when the package lacks a document, or holds one of another release', async () => {
    const lacking = new CardBucket({}, ['training.json']);
    await expect(writeCardFiles(lacking, lacking.version)).rejects.toMatchObject({
      code: 'artifact-missing',
    });
    const older = new CardBucket({ training: { schema: 'evergreen/training/v0' as never } });
    await expect(writeCardFiles(older, older.version)).rejects.toMatchObject({ code: 'artifact-damaged' });
  });
});
