import { describe, expect, it } from 'vitest';
import { aDefinition, fruitHeader, fruitRows } from '../../data/fixtures/validation.ts';
import { versionedObjects } from '../../data/fixtures/versioned-objects.ts';
import { csvPart, fruitDefinition, gate, many, one, worldOf } from '../../data/parts/fixtures/many-files.ts';
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

describe('destroyDataset', { timeout: 60_000 }, () => {
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

  /** A bucket in which the same rows came in several ways, and the connection of the command. */
  async function manyCopies(definition = fruitDefinition) {
    const { connection } = await aWorld();
    const rows = fruitRows(60);
    const whole = [fruitHeader, ...rows, ''].join('\n');
    const { store, manifest } = await one(whole, 'a.csv', { definition });
    const setting = { store, definition };
    const datasetId = manifest?.datasetId ?? '';
    const again = await many([csvPart('1.csv', rows.slice(0, 20)), csvPart('2.csv', rows.slice(20))], {
      ...setting,
      name: 'june',
      runId: 'r2',
    });
    expect(again.manifest?.datasetId).toBe(datasetId);
    await one(whole, 'other-name.csv', setting);
    // Came while nothing could run, and was never read.
    store.put('incoming/fruit/a.csv', whole);
    store.put('incoming/fruit/longer.csv', `${whole}1,1,red,apple\n`);
    const others = [...whole.replace('100,', '101,')].join('');
    store.put('incoming/fruit/as-long.csv', others);
    return { store, datasetId, setting, whole, connection: { ...connection, s3: store.s3 } as Connection };
  }
  const left = ({ store }: { store: ReturnType<typeof versionedObjects> }) =>
    [...store.keys('incoming/'), ...store.keys('rewritten/'), ...store.keys('datasets/')].sort();

  it('finds every copy of the rows: other names and versions, joined files and what they were joined of', async () => {
    const world = await manyCopies();
    const { connection, datasetId } = world;
    expect(left(world)).toContain('rewritten/fruit/joined-r2/june.csv');
    const { objects } = await destroyDataset(connection, 'fruit', datasetId, by);
    expect(left(world)).toEqual(['incoming/fruit/as-long.csv', 'incoming/fruit/longer.csv']);
    expect(objects.map(({ key }) => key)).toEqual(
      expect.arrayContaining([
        'incoming/fruit/a.csv',
        'incoming/fruit/other-name.csv',
        'incoming/fruit/june.manifest.json',
        'incoming/fruit/june.parts/1.csv',
        'incoming/fruit/june.parts/2.csv',
        'rewritten/fruit/joined-r2/june.csv',
      ]),
    );
    expect(new Set(objects.map(({ key, versionId }) => `${key} ${versionId}`)).size).toBe(objects.length);
  });

  it('finds the files of an upload that is a file of before, in whatever order they came', async () => {
    const rows = fruitRows(60);
    const parts = [csvPart('1.csv', rows.slice(0, 20)), csvPart('2.csv', rows.slice(20))];
    const { store, manifest } = await many(parts, { name: 'june', runId: 'r1' });
    await many(parts, { name: 'july', runId: 'r2', store });
    await many([csvPart('all.csv', rows)], { name: 'august', runId: 'r3', store });
    const { connection } = await aWorld();
    const id = manifest?.datasetId ?? '';
    await destroyDataset({ ...connection, s3: store.s3 } as Connection, 'fruit', id, by);
    expect(left({ store })).toEqual([]);
  });

  it('leaves what another dataset was made of, until that one goes', async () => {
    const world = await manyCopies();
    const { connection, datasetId, whole, store } = world;
    const definition = aDefinition({ data: { ...fruitDefinition.data, minRows: 3 } });
    const other = await one(whole, 'under-another.csv', { store, definition });
    await destroyDataset(connection, 'fruit', datasetId, by);
    expect(left(world)).toContain('incoming/fruit/under-another.csv');
    expect(left(world)).not.toContain('incoming/fruit/june.parts/1.csv');
    await destroyDataset(connection, 'fruit', other.manifest?.datasetId ?? '', by);
    expect(left(world)).toEqual(['incoming/fruit/as-long.csv', 'incoming/fruit/longer.csv']);
  });

  it('records a copy once, however often its run is repeated, and none of the upload itself', async () => {
    const { setting, store, datasetId } = await manyCopies();
    const copies = () =>
      store.versions.filter(({ key }) => key.startsWith(`datasets/fruit/${datasetId}/copies/`));
    const keys = new Set(copies().map(({ key }) => key));
    // The joined one, and the one of another name.
    expect(keys.size).toBe(2);
    for (const name of ['a.csv', 'other-name.csv']) {
      const key = `incoming/fruit/${name}`;
      const versionId = store.versions.find((each) => each.key === key)?.versionId ?? '';
      const { store: _, ...request } = worldOf(setting);
      await gate(store, { ...request, source: { bucket: 'data', key, versionId } });
    }
    expect(new Set(copies().map(({ key }) => key))).toEqual(keys);
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

  it.each([1, 2, 3])('goes on when it broke off at change %i, and leaves no copy', async (nth) => {
    const world = await manyCopies();
    const { store, connection, datasetId } = world;
    store.failChange(nth);
    await expect(destroyDataset(connection, 'fruit', datasetId, by)).rejects.toThrow('died');
    await destroyDataset(connection, 'fruit', datasetId, by);
    expect(left(world)).toEqual(['incoming/fruit/as-long.csv', 'incoming/fruit/longer.csv']);
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
