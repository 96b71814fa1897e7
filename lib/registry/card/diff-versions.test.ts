import { describe, expect, it } from 'vitest';
import { sha256 } from '../../shared/digest.ts';
import { aVersion } from '../fixtures/builders.ts';
import { type Described, differencesBetween, diffVersions } from './diff-versions.ts';
import { cardDocuments, fruitVersion, type Wish } from './fixtures/documents.ts';
import { makeModelCard } from './make-model-card.ts';

function described(wish: Wish = {}, version = fruitVersion()): Described {
  const documents = cardDocuments(wish);
  return { card: makeModelCard(version, documents), definition: documents.deployed.definition };
}

describe('differencesBetween', () => {
  it('names fields by their path and takes a list as a whole', () => {
    expect(
      differencesBetween(
        { same: 1, deep: { list: [1, 2], gone: 'x' } },
        { same: 1, deep: { list: [1] }, new: true },
      ),
    ).toEqual([
      { field: 'deep.list', a: [1, 2], b: [1] },
      { field: 'deep.gone', a: 'x', b: null },
      { field: 'new', a: null, b: true },
    ]);
  });
});

describe('diffVersions', () => {
  it('finds nothing between a version and itself', () => {
    const { metrics, ...diff } = diffVersions(described(), described());
    expect(diff).toEqual({
      model: 'fruit',
      a: 3,
      b: 3,
      definition: [],
      hyperparameters: [],
      dataset: [],
      code: [],
      libraries: [],
      isSameDataset: true,
      isSameModel: true,
      cost: [],
    });
    expect(metrics.map(({ difference, direction }) => [difference, direction])).toEqual(
      metrics.map(() => [0, 'same']),
    );
  });

  it('names what differs in definition, settings, data, code and cost', () => {
    const other = aVersion(4, { model: 'fruit', modelDigest: sha256('another model') });
    const after = described(
      { train: { pricePerHour: 2 }, training: { hyperparameters: { learning_rate: 0.1 }, rows: 500 } },
      { ...other, lineage: { ...other.lineage, codeDigest: sha256('new code') } },
    );
    expect(diffVersions(described(), after)).toMatchObject({
      a: 3,
      b: 4,
      isSameModel: false,
      isSameDataset: false,
      definition: [{ field: 'train.pricePerHour', a: null, b: 2 }],
      hyperparameters: [
        { field: 'learning_rate', a: 0.05, b: 0.1 },
        { field: 'hidden_units', a: '16,8', b: null },
      ],
      dataset: [
        { field: 'datasetId', a: 'ds-3', b: 'ds-4' },
        { field: 'trainRows', a: 480, b: 500 },
      ],
      code: [{ field: 'digest', a: sha256('code'), b: sha256('new code') }],
      cost: [
        { field: 'pricePerHour', a: null, b: 2 },
        { field: 'money', a: null, b: 0.02 },
      ],
    });
  });

  it('says of each figure whether it is better: of an error when it is less', () => {
    const after = described();
    after.card.evaluation.metrics = { accuracy: 0.9, log_loss: 0.1, roc_auc: null };
    const { metrics } = diffVersions(described(), after);
    const of = (name: string) => metrics.find(({ metric }) => metric === name);
    expect(of('accuracy')).toMatchObject({ direction: 'worse', difference: expect.closeTo(-0.0134, 9) });
    expect(of('log_loss')).toMatchObject({ direction: 'better', difference: expect.closeTo(-0.11, 9) });
    expect(of('roc_auc')).toEqual({ metric: 'roc_auc', a: 0.97, b: null, difference: null, direction: null });
  });

  it('tells of features in another order, which make another model', () => {
    const [before, after] = [described(), described()];
    after.definition.features = Object.fromEntries(Object.entries(after.definition.features).reverse());
    expect(diffVersions(before, after).definition).toEqual([
      { field: 'features (their order)', a: ['weight', 'colour'], b: ['colour', 'weight'] },
    ]);
  });
});
