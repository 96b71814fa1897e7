import { createHmac } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms';
import { DeleteCommand, DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { aDefinition } from '../data/fixtures/validation.ts';
import { type VersionedObjects, versionedObjects } from '../data/fixtures/versioned-objects.ts';
import { many as manyFiles, one } from '../data/parts/fixtures/many-files.ts';
import { validateDataset } from '../data/validate-dataset.ts';
import { listDatasets } from '../data/versions/datasets.store.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { definitionKey, deployModel } from '../model/deployed-model.ts';
import { aLive, aVersion } from '../registry/fixtures/builders.ts';
import type { LogEntry } from '../registry/registry.ts';
import { destroyDataset } from './commands/data-destroy.ts';
import type { Connection } from './connection.ts';
import { type ErasureConnection, eraseSubject, trainOnTheRest } from './erasing.ts';

const definition = aDefinition({
  identity: ['customer'],
  data: { minRows: 2, maxRejectedShare: 0.5, duplicates: 'keep' },
});
const rowOf = (i: number, customer = `customer-${i}`) =>
  `${customer},${100 + i},${i % 7},${['red', 'green'][i % 2]},${i % 2 === 0 ? 'apple' : 'pear'}`;
const upload = (rows: string[]) => ['customer,weight,seeds,colour,kind', ...rows].join('\n');
const many = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => rowOf(from + i));

interface World {
  store: VersionedObjects;
  log: Map<string, LogEntry>;
  deleted: string[];
  connection: ErasureConnection;
  erase(subject: string, isDryRun?: boolean): ReturnType<typeof eraseSubject>;
}

/** A bucket with two uploads and their datasets, captures, and a version trained on the first. */
async function aWorld(model: ModelDefinition = definition): Promise<World> {
  const store = versionedObjects();
  const deployed = deployModel(model, { key: 'code', digest: 'c'.repeat(64), program: 'train.py' });
  store.put(definitionKey('fruit', deployed.digest), JSON.stringify(deployed));
  const validate = (key: string, versionId: string) =>
    validateDataset(
      {
        runId: 'run-1',
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
        now: () => new Date('2026-11-23T10:00:00Z'),
      },
    );
  const first = store.put('incoming/fruit/may.csv', upload([...many(0, 60), rowOf(7)]));
  const { datasetId } = await validate('incoming/fruit/may.csv', first);
  const second = store.put('incoming/fruit/may.csv', upload(many(60, 120)));
  await validate('incoming/fruit/may.csv', second);
  const record = (predictionId: string, weight: number, seeds: number, colour: string) =>
    JSON.stringify({
      kind: 'prediction',
      predictionId,
      traceId: 't',
      model: 'fruit',
      version: 1,
      modelDigest: 'd',
      datasetId,
      variant: 'champion',
      at: '2026-11-23T10:00:00.000Z',
      latencyMs: 1,
      rows: [{ weight, seeds, colour }],
      predictions: [{ label: 'pear' }],
    });
  store.put(
    'captures/fruit/dt=2026-11-23/hour=10/a.jsonl',
    `${record('p-meant', 107, 0, 'green')}\n${record('p-other', 108, 1, 'red')}\n`,
  );
  const log = new Map<string, LogEntry>();
  const deleted: string[] = [];
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-central-1' }));
  const table = mockClient(documents);
  table.on(QueryCommand).callsFake(({ ExpressionAttributeValues }) => ({
    Items: deleted.includes(ExpressionAttributeValues[':pk']) ? [] : [{ sk: 'CAPTURE' }],
  }));
  table.on(DeleteCommand).callsFake(({ Key }) => {
    deleted.push(Key.pk);
    return {};
  });
  const kms = new KMSClient({ region: 'eu-central-1' });
  mockClient(kms)
    .on(GenerateMacCommand)
    .callsFake(({ Message }) => ({ Mac: createHmac('sha256', 'secret').update(Message).digest() }));
  const version = aVersion(1, { model: 'fruit', lineage: { ...aVersion(1).lineage, datasetId } });
  const connection = {
    s3: store.s3,
    kms,
    documents,
    registry: {
      listVersions: async () => [version, aVersion(2, { model: 'fruit' })],
      readLive: async () => aLive({ champion: 1 }),
      appendLog: async (entry: LogEntry) =>
        void log.set(`${entry.at} ${entry.version} ${entry.action}`, entry),
    },
    outputs: { DataBucket: 'data', PredictionsTable: 'predictions', SubjectKeyArn: 'key' },
  } as unknown as ErasureConnection;
  let minute = 0;
  return {
    store,
    log,
    deleted,
    connection,
    erase: (subject, isDryRun = false) =>
      eraseSubject(connection, {
        model: 'fruit',
        subject,
        isDryRun,
        who: 'ann',
        now: () => new Date(Date.UTC(2026, 10, 24, 10, minute++)),
        progress: () => {},
      }),
  };
}

const records = ({ store }: World) => store.keys('erasures/').map((key) => JSON.parse(store.text(key)));

describe('eraseSubject', () => {
  it('removes the rows from every version of every object, and marks what learned from them', async () => {
    const world = await aWorld();
    const [before] = (await listDatasets(world.store.s3, 'data', 'fruit')).filter(
      ({ rows }) => rows.read === 61,
    );
    const record = await world.erase('customer-7');
    expect(record).toMatchObject({ state: 'done', predictions: ['p-meant'], versions: [1], unreadable: [] });
    expect(record.sources).toEqual([
      {
        key: 'incoming/fruit/may.csv',
        versionId: before?.source.versionId,
        rows: 2,
        broken: 0,
        datasets: [before?.datasetId],
        replacedBy: [expect.stringMatching(/^ds-/)],
      },
    ]);
    expect(world.store.everything()).not.toMatch(/customer-7\b/);
    expect(world.store.everything()).toContain('customer-8,');
    const captures = world.store.versions.filter(({ key }) => key.startsWith('captures/'));
    expect(captures.map(({ content }) => content.toString())).toEqual([
      expect.stringMatching(/^.*p-other.*\n$/),
    ]);
    const datasets = await listDatasets(world.store.s3, 'data', 'fruit');
    expect(datasets.map(({ rows }) => rows.accepted).sort()).toEqual([59, 60]);
    expect(datasets.find(({ parents }) => parents)?.parents).toEqual([
      { datasetId: before?.datasetId, because: 'erasure' },
    ]);
    expect(world.deleted).toEqual(['PREDICTION#p-meant']);
    expect([...world.log.values()]).toMatchObject([
      { action: 'rows-erased', version: 1, who: 'ann', details: { erasureId: record.erasureId } },
    ]);
    expect(records(world).map(({ state }) => state)).toEqual(['begun', 'done']);
    expect(JSON.stringify(records(world))).not.toContain('customer-7');
  });

  it('says what it would do and changes nothing', async () => {
    const world = await aWorld();
    const before = world.store.versions.map(({ versionId }) => versionId);
    expect(await world.erase('customer-7', true)).toMatchObject({
      predictions: ['p-meant'],
      versions: [1],
      sources: [{ rows: 2 }],
    });
    expect(world.store.versions.map(({ versionId }) => versionId)).toEqual(before);
    expect(world.deleted).toEqual([]);
  });

  it('does nothing a second time, and for somebody who is not there', async () => {
    const world = await aWorld();
    await world.erase('customer-7');
    const before = world.store.versions.length;
    const again = await world.erase('customer-7');
    expect(again).toMatchObject({ sources: [], predictions: [], versions: [] });
    expect(await world.erase("x' OR 1=1 --")).toMatchObject({ sources: [] });
    expect(world.store.versions.length).toBe(before);
    expect(world.log.size).toBe(1);
  });

  it.each(Array.from({ length: 16 }, (_, i) => i + 1))(
    'ends the same when it breaks off at change %i and is run again',
    async (nth) => {
      const world = await aWorld();
      world.store.failChange(nth);
      const isBroken = await world.erase('customer-7').then(
        () => false,
        () => true,
      );
      const record = isBroken ? await world.erase('customer-7') : records(world).at(-1);
      world.store.failChange(0);
      expect(record).toMatchObject({ state: 'done', versions: [1], predictions: ['p-meant'] });
      expect(record.sources.flatMap(({ datasets }: { datasets: string[] }) => datasets)).toHaveLength(1);
      expect(world.store.everything()).not.toMatch(/customer-7\b/);
      const datasets = await listDatasets(world.store.s3, 'data', 'fruit');
      expect(datasets.map(({ rows }) => rows.accepted).sort()).toEqual([59, 60]);
      expect(world.log.size).toBe(1);
      expect(world.deleted).toEqual(['PREDICTION#p-meant']);
    },
  );

  describe('of rows that came more than once', { timeout: 60_000 }, () => {
    const header = 'customer,weight,seeds,colour,kind';
    const part = (name: string, rows: string[]) => ({ name, content: [header, ...rows].join('\n') });
    const parts = [part('1.csv', many(0, 30)), part('2.csv', many(30, 60))];

    /** The same rows as one file, under another name, and joined of two files, twice. */
    async function copies() {
      const world = await aWorld();
      const { store } = world;
      const setting = { store, definition };
      await one(`${upload(many(0, 60))}\n`, 'june.csv', setting);
      await one(`${upload(many(0, 60))}\n`, 'again.csv', setting);
      await manyFiles(parts, { ...setting, name: 'joined', runId: 'r2' });
      const { manifest } = await manyFiles(parts, { ...setting, name: 'once-more', runId: 'r3' });
      return { ...world, datasetId: manifest?.datasetId ?? '' };
    }

    it('finds all copies, joined files and what they were joined of', async () => {
      const world = await copies();
      const { sources } = await world.erase('customer-7');
      expect(sources.map(({ key }) => key).sort()).toEqual([
        'incoming/fruit/again.csv',
        'incoming/fruit/joined.parts/1.csv',
        'incoming/fruit/june.csv',
        'incoming/fruit/may.csv',
        'incoming/fruit/once-more.parts/1.csv',
        'rewritten/fruit/joined-r2/joined.csv',
        'rewritten/fruit/joined-r3/once-more.csv',
      ]);
      // What was read and joined meanwhile expires after three days.
      const kept = world.store.versions.filter(({ key }) => !key.startsWith('parts/'));
      expect(kept.map(({ content }) => content.toString()).join('\n')).not.toMatch(/customer-7\b/);
    });

    it.each([0, 1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 40])(
      'leaves a dataset that is destroyed with all that is left of them, broken off at change %i',
      async (nth) => {
        const world = await copies();
        world.store.failChange(nth);
        await world.erase('customer-7').catch(() => world.erase('customer-7'));
        world.store.failChange(0);
        const after = (await listDatasets(world.store.s3, 'data', 'fruit')).filter(({ parents }) =>
          parents?.some(({ datasetId }) => datasetId === world.datasetId),
        );
        expect(after).toHaveLength(1);
        const by = { who: 'ann', why: 'over', at: '2026-11-25T10:00:00.000Z' };
        await destroyDataset(
          world.connection as unknown as Connection,
          'fruit',
          after[0]?.datasetId ?? '',
          by,
        );
        const kept = world.store.versions.filter(({ key }) => /^(incoming|rewritten|datasets)\//.test(key));
        const rows = kept.filter(({ content }) => /customer-(8|40),/.test(content.toString()));
        expect(rows.map(({ key }) => key)).toEqual([]);
      },
    );
  });

  it('names uploads that cannot be read, and erases from those that can', async () => {
    const world = await aWorld();
    world.store.put('incoming/fruit/letter.pdf', '%PDF customer-7');
    const { unreadable, sources } = await world.erase('customer-7');
    expect(unreadable).toMatchObject([
      { key: 'incoming/fruit/letter.pdf', message: 'its name tells no format' },
    ]);
    expect(sources).toHaveLength(1);
  });

  it('erases from the rows of a retrain by the rows of the uploads', async () => {
    const model = aDefinition({
      data: {
        minRows: 2,
        maxRejectedShare: 0.5,
        duplicates: 'keep',
        columns: { customer: { type: 'text', personalData: 'identifier' } },
      },
      privacy: { subject: 'customer' },
    });
    const world = await aWorld(model);
    const lines = [
      { weight: 107, seeds: 0, colour: 'green', kind: 'pear' },
      { weight: 108, seeds: 1, colour: 'red', kind: 'apple' },
    ];
    world.store.put('retrain/fruit/run-9.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
    world.store.put('retrain/fruit/run-9.json', '{"labels":[]}');
    const { sources } = await world.erase('customer-7');
    expect(sources.map(({ key, rows }) => [key, rows])).toEqual([
      ['retrain/fruit/run-9.jsonl', 1],
      ['incoming/fruit/may.csv', 2],
    ]);
    const [left] = world.store.keys('retrain/fruit/run-9-');
    expect(left).toMatch(/^retrain\/fruit\/run-9-[0-9a-f]{12}\.json/);
    expect(world.store.everything()).not.toContain('"weight":107');
    expect(world.store.everything()).toContain('"weight":108');
  });

  it('has the champion trained on what is left, once, when it had learned from the rows', async () => {
    const world = await aWorld();
    const live = aLive({ champion: 1 });
    const [{ datasetId } = { datasetId: '' }] = (await listDatasets(world.store.s3, 'data', 'fruit')).filter(
      ({ rows }) => rows.read === 61,
    );
    const champion = live.champion && { ...live.champion, datasetId };
    const connection = {
      ...world.connection,
      registry: { readLive: async () => ({ ...live, champion }) },
    } as unknown as ErasureConnection;
    await world.erase('customer-7');
    const second = await world.erase('customer-8');
    expect(second.versions).toEqual([1]);
    const key = await trainOnTheRest(connection, 'fruit');
    expect(key).toMatch(/^incoming\/fruit\/[0-9a-f]{12}-may.csv$/);
    expect(world.store.text(key ?? '')).toContain('customer-9,');
    expect(world.store.text(key ?? '')).not.toMatch(/customer-[78],/);
    const before = world.store.versions.length;
    expect(await trainOnTheRest(connection, 'fruit')).toBe(key);
    expect(world.store.versions.length).toBe(before);
    expect(await trainOnTheRest(world.connection, 'fruit')).toBeNull();
  });

  it('asks whose id it is when the definition does not say', async () => {
    const world = await aWorld(
      aDefinition({ data: { ...definition.data, columns: { customer: { type: 'text' } } } }),
    );
    await expect(world.erase('customer-7')).rejects.toMatchObject({ code: 'subject-unknown' });
  });

  it('says so when rows that were found are gone before they are left out', async () => {
    const { store, connection } = await aWorld();
    const upload = store.versions.find(({ key }) => key.startsWith('incoming/'));
    const erasing = eraseSubject(connection, {
      model: 'fruit',
      subject: 'customer-7',
      isDryRun: false,
      who: 'ann',
      now: () => new Date('2026-11-24T10:00:00Z'),
      progress: ({ text }) => {
        if (upload && text.startsWith('erasing from')) upload.content = Buffer.from('');
      },
    });
    await expect(erasing).rejects.toMatchObject({
      code: 'internal',
      message: 'incoming/fruit/may.csv cannot be written without the rows found in it',
    });
  });
});
