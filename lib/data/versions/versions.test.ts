import { describe, expect, it } from 'vitest';
import { datasetManifest, datasetProfile } from '../dataset.ts';
import { aDefinition, fruitHeader, fruitRows, validate } from '../fixtures/validation.ts';
import { traceLineage } from './dataset-lineage.ts';
import { diffDatasets } from './diff-datasets.ts';

async function dataset(rows: string[]) {
  const { text } = await validate(aDefinition(), [fruitHeader, ...rows].join('\n'));
  return {
    manifest: datasetManifest.parse(JSON.parse(text('manifest.json'))),
    profile: datasetProfile.parse(JSON.parse(text('profile.json'))),
  };
}

describe('diffDatasets', () => {
  it('names each fact that differs, and nothing of a dataset and itself', async () => {
    const [a, b] = [await dataset(fruitRows(60)), await dataset(fruitRows(80))];
    expect(diffDatasets(a, a)).toEqual([]);
    const differences = diffDatasets(a, b);
    expect(differences).toContainEqual({ what: 'rows accepted', before: 60, after: 80 });
    expect(differences).toContainEqual({
      what: 'weight max',
      before: expect.any(Number),
      after: expect.any(Number),
    });
    expect(differences.some(({ what }) => what === 'definition' || what === 'code')).toBe(false);
    expect(diffDatasets({ ...a, profile: null }, { ...a, profile: null })).toEqual([]);
  });

  it('holds the digest of the code in the manifest', async () => {
    expect((await dataset(fruitRows(60))).manifest.codeDigest).toBe('c'.repeat(64));
  });
});

describe('traceLineage', () => {
  it('goes from a dataset to those it was made from, each once', async () => {
    const { manifest } = await dataset(fruitRows(60));
    const of = (datasetId: string, ...parents: string[]) => ({
      ...manifest,
      datasetId,
      parents: parents.map((each) => ({ datasetId: each, because: 'erasure' as const })),
    });
    const versions = [3, 1].map((version) => ({
      version,
      lineage: { datasetId: 'ds-a', runId: 'r', parentVersion: null },
    }));
    const found = traceLineage(
      'ds-c',
      [of('ds-a'), of('ds-b', 'ds-a'), of('ds-c', 'ds-b', 'ds-a', 'ds-gone')],
      versions,
    );
    expect(found.map(({ datasetId }) => datasetId)).toEqual(['ds-c', 'ds-b', 'ds-a']);
    expect(found.at(-1)).toMatchObject({ parents: [], versions: [1, 3] });
  });
});
