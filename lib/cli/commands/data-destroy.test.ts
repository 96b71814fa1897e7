import { describe, expect, it } from 'vitest';
import { aDefinition, fruitHeader, fruitRows } from '../../data/fixtures/validation.ts';
import { versionedObjects } from '../../data/fixtures/versioned-objects.ts';
import { validateDataset } from '../../data/validate-dataset.ts';
import { definitionKey, deployModel } from '../../model/deployed-model.ts';
import { aLive } from '../../registry/fixtures/builders.ts';
import type { LogEntry } from '../../registry/registry.ts';
import { digestOf } from '../../shared/digest.ts';
import type { Connection } from '../connection.ts';
import { destroyDataset, expiredDatasets } from './data-destroy.ts';

const by = { who: 'ann', why: 'kept long enough', at: '2026-11-24T10:00:00.000Z' };

async function aWorld(champion?: (id: string) => string, definition = aDefinition()) {
  const store = versionedObjects();
  const deployed = deployModel(definition, { key: 'code', digest: 'c'.repeat(64), program: 'train.py' });
  store.put(definitionKey('fruit', deployed.digest), JSON.stringify(deployed));
  const key = 'incoming/fruit/a.csv';
  const versionId = store.put(key, [fruitHeader, ...fruitRows(60)].join('\n'));
  const { datasetId } = await validateDataset(
    {
      runId: 'r',
      model: 'fruit',
      definitionDigest: deployed.digest,
      source: { bucket: 'data', key, versionId },
    },
    {
      s3: store.s3,
      bucket: 'data',
      maxSourceBytes: 1e7,
      memoryLimit: '1GB',
      readEarlier: async () => null,
      now: () => new Date(by.at),
    },
  );
  const log: LogEntry[] = [];
  const live = aLive({ champion: 1 });
  const connection = {
    s3: store.s3,
    outputs: { DataBucket: 'data' },
    registry: {
      readLive: async () => ({
        ...live,
        champion: live.champion && { ...live.champion, datasetId: champion?.(datasetId) ?? 'ds-other' },
      }),
      appendLog: async (entry: LogEntry) => void log.push(entry),
    },
  } as unknown as Connection;
  return { store, connection, datasetId, log };
}

describe('destroyDataset', () => {
  it('leaves nothing but the certificate, whose digest stands in the log', async () => {
    const { store, connection, datasetId, log } = await aWorld();
    const certificate = await destroyDataset(connection, 'fruit', datasetId, by);
    expect(store.keys('datasets/')).toEqual([]);
    expect(store.keys('incoming/')).toEqual([]);
    expect(JSON.parse(store.text(`certificates/fruit/${datasetId}.json`))).toEqual(certificate);
    expect(certificate.objects.length).toBeGreaterThanOrEqual(7);
    expect(log).toMatchObject([
      { action: 'data-destroyed', details: { certificate: digestOf(certificate) } },
    ]);
  });

  it('is asked for datasets that are kept too long, and for none in use', async () => {
    const days = (after: number) => new Date(Date.parse(by.at) + after * 86_400_000);
    const kept = { minRows: 2, maxRejectedShare: 0.5, retention: { destroyDatasetsAfterDays: 30 } };
    const { connection, datasetId } = await aWorld(undefined, aDefinition({ data: kept }));
    expect(await expiredDatasets(connection, 'fruit', days(29))).toEqual([]);
    expect(await expiredDatasets(connection, 'fruit', days(31))).toEqual([datasetId]);
    const used = await aWorld((id) => id, aDefinition({ data: kept }));
    expect(await expiredDatasets(used.connection, 'fruit', days(31))).toEqual([]);
    expect(await expiredDatasets((await aWorld()).connection, 'fruit', days(31))).toEqual([]);
  });

  it('goes on when it broke off', async () => {
    const { store, connection, datasetId } = await aWorld();
    store.failChange(3);
    await expect(destroyDataset(connection, 'fruit', datasetId, by)).rejects.toThrow('died');
    await destroyDataset(connection, 'fruit', datasetId, by);
    expect(store.keys('datasets/')).toEqual([]);
  });

  it('refuses a dataset whose version takes traffic, and one that is not there', async () => {
    const { connection, datasetId } = await aWorld((id) => id);
    await expect(destroyDataset(connection, 'fruit', datasetId, by)).rejects.toThrow(/takes traffic/);
    await expect(destroyDataset(connection, 'fruit', 'ds-0', by)).rejects.toMatchObject({
      code: 'dataset-unknown',
    });
  });
});
