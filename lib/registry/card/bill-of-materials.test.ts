import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { describe, expect, it } from 'vitest';
import { makeBillOfMaterials } from './bill-of-materials.ts';
import { cardDocuments, fruitVersion, type Wish } from './fixtures/documents.ts';
import { makeModelCard } from './make-model-card.ts';

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

/** What the official schema has against a document; null is nothing. */
const complaintsAbout = (document: object) => validator.validate(JSON.stringify(document));

function bomOf(wish?: Wish) {
  const documents = cardDocuments(wish);
  return makeBillOfMaterials(makeModelCard(fruitVersion(), documents), documents.manifest);
}

const everythingSaid: Wish = {
  card: {
    intendedUse: 'Sorting fruit.',
    outOfScope: 'Vegetables.',
    limitations: 'Ripe fruit only.',
    ethicalConsiderations: 'None of people.',
    owner: 'The shop',
    contact: 'shop@example.org, or by the door',
    license: 'Our own, see the contract',
  },
  train: { pricePerHour: 1 },
  training: {
    continuedFrom: { version: 2, packageDigest: 'a'.repeat(64), mode: 'warm start' },
    hyperparameters: { solver: 'adam', layers: [16, 8], early: true, none: null },
    libraries: { python: '3.11.2', 'My_Own.Library': '1.0+local build' },
  },
};

describe('makeBillOfMaterials', () => {
  it.each([
    ['a classification', {}],
    ['a regression', { classes: [] }],
    ['one of which everything was said', everythingSaid],
    ['hostile names', { classes: ['<script>', '"&', '\u0000'] }],
    ['one without libraries', { training: { libraries: {} } }],
  ] satisfies [string, Wish][])(
    'makes a document that the schema of CycloneDX accepts: %s',
    async (_, wish) => {
      expect(await complaintsAbout(bomOf(wish))).toBeNull();
    },
  );

  it('would be refused by that schema for a field that it does not know', async () => {
    const bom = bomOf();
    const component = { ...bom.metadata.component, accuracy: 1 };
    expect(await complaintsAbout({ ...bom, metadata: { ...bom.metadata, component } })).not.toBeNull();
  });

  it('names the model by its digest, its figures with their intervals, and its dataset', () => {
    const { metadata, components, dependencies } = bomOf();
    const { modelCard, hashes } = metadata.component;
    expect(hashes).toEqual([{ alg: 'SHA-256', content: fruitVersion().modelDigest }]);
    expect(modelCard.quantitativeAnalysis.performanceMetrics).toContainEqual({
      type: 'accuracy',
      value: '0.9134',
      confidenceInterval: {
        lowerBound: expect.stringMatching(/^0\.853/),
        upperBound: expect.stringMatching(/^0\.953/),
      },
    });
    expect(modelCard.quantitativeAnalysis.performanceMetrics).toContainEqual(
      expect.objectContaining({ type: 'accuracy', slice: 'colour: green', value: '0.84' }),
    );
    expect(components).toContainEqual(expect.objectContaining({ type: 'data', name: 'ds-3' }));
    expect(components).toContainEqual(expect.objectContaining({ purl: 'pkg:pypi/scikit-learn@1.9.0' }));
    expect(dependencies[0]?.dependsOn).toHaveLength(4);
  });

  it('writes names and versions as package URLs ask for', () => {
    const purls = bomOf(everythingSaid).components.flatMap((each) => ('purl' in each ? each.purl : []));
    expect(purls).toEqual(['pkg:generic/python@3.11.2', 'pkg:pypi/my-own.library@1.0%2Blocal%20build']);
  });

  it('has the same serial number for the same version, and another for another', () => {
    const documents = cardDocuments();
    const serialOf = (version: number) =>
      makeBillOfMaterials({ ...makeModelCard(fruitVersion(), documents), version }, documents.manifest)
        .serialNumber;
    expect(serialOf(3)).toBe(serialOf(3));
    expect(serialOf(3)).not.toBe(serialOf(4));
    expect(serialOf(3)).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});
