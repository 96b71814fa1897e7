import { describe, expect, it } from 'vitest';
import { cardPage } from './card-page.ts';
import { cardDocuments, fruitVersion } from './fixtures/documents.ts';
import { makeModelCard } from './make-model-card.ts';
import { cardPrefix, modelCard } from './model-card.ts';

describe('makeModelCard', () => {
  it('makes a card that its schema reads back', () => {
    const card = makeModelCard(fruitVersion(), cardDocuments());
    expect(modelCard.parse(JSON.parse(JSON.stringify(card)))).toEqual(card);
    expect(card.data).toMatchObject({ datasetId: 'ds-3', trainRows: 480, heldOutRows: 120 });
    expect(card.lineage).toMatchObject({ runId: 'iris-run-3', parentVersion: 2, continuedFrom: null });
  });

  it('says when it was judged by a sample of the held-out rows', () => {
    const documents = cardDocuments();
    documents.evaluation.heldOutRows = 50_000;
    const card = makeModelCard(fruitVersion(), documents);
    expect(card.data).toMatchObject({ heldOutRows: 50_000, judgedRows: 120 });
    const page = cardPage(card);
    expect(page).toContain('Figures on a sample of 120 of the 50000 held-out rows');
    expect(page).toContain('judged by a sample of 120');
    expect(page).toContain('480 trained on, 50000 held out, of which 120 were judged: a sample');
    documents.evaluation.heldOutRows = 120;
    expect(makeModelCard(fruitVersion(), documents).data).not.toHaveProperty('judgedRows');
  });

  it('counts the rows of the parties that trained it, of which the dataset has none', () => {
    const documents = cardDocuments();
    const federation = {
      parties: [
        { name: 'north', rows: 700 },
        { name: 'south', rows: 50 },
      ],
      rounds: 3,
      localEpochs: 1,
    };
    documents.training.federation = federation;
    const card = makeModelCard(fruitVersion(), documents);
    expect(card.data.trainRows).toBe(750);
    expect(card.training.federation).toEqual(federation);
  });

  it('shows what nobody said as null, and what somebody said as it is', () => {
    const { statements } = makeModelCard(
      fruitVersion(),
      cardDocuments({ card: { intendedUse: 'Sorting fruit.', owner: '  ' } }),
    );
    expect(statements).toEqual({
      intendedUse: 'Sorting fruit.',
      outOfScope: null,
      limitations: null,
      ethicalConsiderations: null,
      owner: null,
      contact: null,
      license: null,
    });
  });

  it('keeps at most a thousand points of a regression, and none of a classification', () => {
    const documents = cardDocuments({ classes: [] });
    expect(makeModelCard(fruitVersion(), documents).evaluation.points).toHaveLength(200);
    const many = Array.from({ length: 5000 }, (_, index) => index);
    documents.evaluation.truth = many;
    documents.evaluation.candidate.answers = many.map((value) => value + 1);
    const { points } = makeModelCard(fruitVersion(), documents).evaluation;
    expect(points).toHaveLength(1000);
    expect(points?.at(-1)).toEqual([4995, 4996]);
    expect(makeModelCard(fruitVersion(), cardDocuments()).evaluation.points).toBeNull();
  });
});

describe('cardPrefix', () => {
  it('sorts by version', () => {
    expect(cardPrefix('fruit', 3)).toBe('cards/fruit/00000003/');
  });
});
