import { describe, expect, it } from 'vitest';
import { aDefinition, fruitHeader, fruitRows } from '../../data/fixtures/validation.ts';
import { versionedObjects } from '../../data/fixtures/versioned-objects.ts';
import { validateDataset } from '../../data/validate-dataset.ts';
import type { ModelDefinitionInput } from '../../model/definition.ts';
import { definitionKey, deployModel } from '../../model/deployed-model.ts';
import type { Connection } from '../connection.ts';
import { publishProfile } from './data-publish.ts';

const at = '2026-11-24T10:00:00.000Z';

/** A bucket, and a way to make datasets of uploads under definitions. */
function aWorld() {
  const store = versionedObjects();
  const connection = { s3: store.s3, outputs: { DataBucket: 'data' } } as unknown as Connection;
  return {
    publish: (id: string | undefined, epsilon: number) =>
      publishProfile(connection, 'fruit', id, { epsilon, who: 'ann', at }),
    async make(rows: string[], privacy: ModelDefinitionInput['privacy'], description = '') {
      const definition = aDefinition({ privacy, description });
      const deployed = deployModel(definition, { key: 'code', digest: 'c'.repeat(64), program: 'train.py' });
      store.put(definitionKey('fruit', deployed.digest), JSON.stringify(deployed));
      const key = 'incoming/fruit/a.csv';
      const versionId = store.put(key, [fruitHeader, ...rows].join('\n'));
      const source = { bucket: 'data', key, versionId };
      const { datasetId } = await validateDataset(
        { runId: 'r', model: 'fruit', definitionDigest: deployed.digest, source },
        {
          s3: store.s3,
          bucket: 'data',
          maxSourceBytes: 1e7,
          memoryLimit: '1GB',
          readEarlier: async () => null,
          now: () => new Date(at),
        },
      );
      return datasetId;
    },
  };
}

describe('publishProfile', () => {
  it('refuses an epsilon that is too little to be shared among the columns', async () => {
    const { publish, make } = aWorld();
    await expect(publish(undefined, 0.5)).rejects.toThrow('fruit has no dataset yet; upload a file');
    await make(fruitRows(60), {});
    await expect(publish(undefined, 0.001)).rejects.toMatchObject({ code: 'usage-invalid' });
    expect((await publish(undefined, 0.5)).spent).toBe(0.5);
  });

  it('has one budget for the same bytes, under whatever definition', async () => {
    const { publish, make } = aWorld();
    const privacy = { publish: { budget: 1 } };
    const first = await make(fruitRows(60), privacy);
    const second = await make(fruitRows(60), privacy, 'defined anew');
    expect(second).not.toBe(first);
    await publish(first, 0.7);
    await expect(publish(second, 0.7)).rejects.toMatchObject({ code: 'privacy-budget-spent' });
    expect((await publish(second, 0.3)).spent).toBe(1);
    await expect(publish(first, 0.1)).rejects.toMatchObject({ code: 'privacy-budget-spent' });
  });

  it('has one for all uploads of a model where the definition says so', async () => {
    const { publish, make } = aWorld();
    const apart = [await make(fruitRows(60), {}), await make(fruitRows(61), {})];
    for (const id of apart) await publish(id, 0.7);
    const { publish: publishOne, make: makeOne } = aWorld();
    const privacy = { publish: { budget: 1, of: 'model' as const } };
    const together = [await makeOne(fruitRows(60), privacy), await makeOne(fruitRows(61), privacy)];
    await publishOne(together[0], 0.7);
    await expect(publishOne(together[1], 0.7)).rejects.toMatchObject({ code: 'privacy-budget-spent' });
  });
});
