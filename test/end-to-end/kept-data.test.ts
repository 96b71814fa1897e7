import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DeleteCommand, DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { datasetManifest } from '../../lib/data/dataset.ts';
import { erasureRecord } from '../../lib/data/erasure/erasure-record.ts';
import { sha256 } from '../../lib/shared/digest.ts';
import { seededRandom } from '../../lib/shared/random.ts';
import { log, uploaded, versionList } from './documents.ts';
import { Platform } from './platform.ts';

/* What is kept: moved to another engine, and brought back after it was overwritten, deleted or lost. IAM checks are on. */

const here = new Platform();
const there = new Platform();
const draw = seededRandom(17);
const rows = Array.from({ length: 300 }, (_, i) => {
  const income = Math.round(draw() * 1_000_000) / 1000;
  return `person-${i},${income},${20 + Math.floor(draw() * 50)},${income + draw() * 60 > 520 ? 'yes' : 'no'}`;
});
const row = { income: 700, age: 40 };

const exported = z.object({
  sha256: z.string(),
  datasets: z.array(z.string()),
  versions: z.array(z.int()),
  objects: z.int(),
});
const imported = z.object({
  datasets: z.array(z.object({ datasetId: z.string(), isNew: z.boolean(), hasUpload: z.boolean() })),
  versions: z.array(z.object({ from: z.int(), version: z.int(), isNew: z.boolean() })),
});
const answered = z.object({
  version: z.int(),
  modelDigest: z.string(),
  predictions: z.array(z.looseObject({ label: z.string() })),
});

let archive: string;
let written: z.infer<typeof exported>;

beforeAll(async () => {
  for (const platform of [here, there]) {
    await platform.start({ bakeSeconds: 1, auth: true, models: 'models-lifecycle' });
  }
  const file = here.file('loans.csv', `customer,income,age,paid\n${rows.join('\n')}\n`);
  await here.ask(uploaded, 'upload', 'loans', file, '--wait');
  archive = join(here.folder, 'loans.tar.gz');
  written = await here.ask(exported, 'data', 'export', 'loans', '--all', '--to', archive);
}, 420_000);
afterAll(async () => {
  await here.stop();
  await there.stop();
});

/** What answers is known for two seconds, that nothing does as well. */
async function ask(platform: Platform): Promise<z.infer<typeof answered>> {
  const predict = () => platform.http('POST', '/models/loans/predict', { rows: [row] });
  await expect.poll(async () => (await predict()).status, { timeout: 10_000, interval: 200 }).toBe(200);
  return answered.parse((await predict()).body);
}

describe('a dataset and its version on another engine', () => {
  it('are not taken from an archive that was changed', async () => {
    const whole = readFileSync(archive);
    const cut = join(here.folder, 'cut.tar.gz');
    writeFileSync(cut, whole.subarray(0, Math.floor(whole.length * 0.8)));
    const refused = await there.cli('data', 'import', cut);
    expect(refused.code).toBe(2);
    expect(refused.json).toMatchObject({
      error: { code: 'archive-damaged', message: expect.stringMatching(/^objects\/[0-9a-f]{64} \(/) },
    });
    expect(await there.ask(z.array(z.unknown()), 'data', 'list', 'loans')).toEqual([]);
  });

  it('are there after an import, and nothing is live by itself', async () => {
    const importing = ['data', 'import', archive, '--sha256', written.sha256] as const;
    const first = await there.ask(imported, ...importing);
    expect(first).toEqual({
      datasets: [{ datasetId: written.datasets[0], isNew: true, hasUpload: true }],
      versions: [{ from: 1, version: 1, isNew: true }],
    });
    const { live, versions } = await there.ask(versionList, 'models', 'list', 'loans');
    expect(live.champion).toBeNull();
    expect(versions).toMatchObject([{ version: 1, importedFrom: { stack: 'Evergreen-local', version: 1 } }]);
    expect((await there.http('POST', '/models/loans/predict', { rows: [row] })).status).toBe(503);
    const { entries } = await there.ask(log, 'models', 'log', 'loans');
    expect(entries).toMatchObject([{ action: 'imported', version: 1, championAfter: null }]);
    // An upload that came with it starts no run.
    expect(await there.ask(z.object({ runs: z.array(z.unknown()) }), 'runs', 'list')).toEqual({ runs: [] });

    const again = await there.ask(imported, ...importing);
    expect([...again.datasets, ...again.versions].map(({ isNew }) => isNew)).toEqual([false, false]);
    expect((await there.ask(log, 'models', 'log', 'loans')).entries).toHaveLength(1);
  });

  it('answer as they did, under a signature of this engine, once somebody promotes them', async () => {
    const promote = await there.cli('models', 'promote', 'loans', '1', '--why', 'moved', '--yes');
    expect(promote.code).toBe(0);
    const [before, after] = [await ask(here), await ask(there)];
    expect(after.modelDigest).toBe(before.modelDigest);
    expect(after.predictions).toEqual(before.predictions);
    const key = async (platform: Platform) =>
      readFileSync(join(await exportFolder(platform), 'signing-key.der')).toString('hex');
    expect(await key(there)).not.toBe(await key(here));
  });

  it('lose the rows of a person like any other', async () => {
    const done = await there.ask(erasureRecord, 'data', 'erase', 'loans', '--subject', 'person-7', '--yes');
    expect(done).toMatchObject({ state: 'done', versions: [1] });
    expect(done.sources).toMatchObject([{ rows: 1, datasets: written.datasets }]);
    const again = await there.cli('data', 'import', archive);
    expect(again.code).toBe(5);
    expect(again.json).toMatchObject({ error: { code: 'dataset-destroyed' } });
  });
});

let exports = 0;
/** Opens the champion's package, with every digest and the signature, and writes it. */
async function exportFolder(platform: Platform): Promise<string> {
  const folder = join(platform.folder, `exported-${exports++}`);
  const answer = await platform.cli('export', 'loans', '--out', folder);
  if (answer.code !== 0) throw new Error(JSON.stringify(answer.json));
  return folder;
}

describe('what was overwritten, deleted or lost', () => {
  it('comes back from the version that was before (docs/restore.md)', async () => {
    const s3 = new S3Client(here.client);
    const [data, models] = [await here.output('DataBucket'), await here.output('ModelBucket')];
    const id = written.datasets[0];
    const { files } = await here.ask(datasetManifest, 'data', 'show', 'loans');
    const read = async () => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: data, Key: files.train.key }));
      return sha256((await Body?.transformToByteArray()) ?? new Uint8Array());
    };
    await s3.send(new PutObjectCommand({ Bucket: data, Key: files.train.key, Body: 'not the rows' }));
    const { versions } = await here.ask(versionList, 'models', 'list', 'loans');
    const model = `${versions[0]?.packagePrefix}model.onnx`;
    await s3.send(new DeleteObjectCommand({ Bucket: models, Key: model }));
    expect(await read()).not.toBe(files.train.sha256);
    expect(
      (await here.cli('data', 'export', 'loans', id ?? '', '--to', join(here.folder, 'no.tar'))).json,
    ).toMatchObject({ error: { code: 'artifact-damaged' } });
    await expect(exportFolder(here)).rejects.toThrow('artifact-missing');

    const below = async (Bucket: string, Prefix: string) =>
      s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
    const earlier = (await below(data, files.train.key)).Versions?.find(({ IsLatest }) => !IsLatest);
    await s3.send(
      new CopyObjectCommand({
        Bucket: data,
        Key: files.train.key,
        CopySource: `${data}/${files.train.key}?versionId=${earlier?.VersionId}`,
      }),
    );
    const marker = (await below(models, model)).DeleteMarkers?.find(({ IsLatest }) => IsLatest);
    await s3.send(new DeleteObjectCommand({ Bucket: models, Key: model, VersionId: marker?.VersionId }));

    expect(await read()).toBe(files.train.sha256);
    await exportFolder(here);
  });

  it('is made again from its upload when a dataset was lost (docs/restore.md)', async () => {
    const s3 = new S3Client(here.client);
    const Bucket = await here.output('DataBucket');
    const shown = async () => here.ask(datasetManifest, 'data', 'show', 'loans');
    const before = await shown();
    const Prefix = `datasets/loans/${before.datasetId}/`;
    const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
    for (const { Key, VersionId } of Versions) {
      await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
    }
    expect(await here.ask(z.array(z.unknown()), 'data', 'list', 'loans')).toEqual([]);
    await here.cli('upload', 'loans', join(here.folder, 'loans.csv'), '--force', '--wait');
    const after = await shown();
    expect(after.datasetId).toBe(before.datasetId);
    expect(after.files.train.sha256).toBe(before.files.train.sha256);
    expect(after.files.test.sha256).toBe(before.files.test.sha256);
  });

  it('is registered anew from an export when the registry was lost', async () => {
    const documents = DynamoDBDocumentClient.from(new DynamoDBClient(here.client));
    const TableName = await here.output('RegistryTable');
    const { Items = [] } = await documents.send(new ScanCommand({ TableName }));
    for (const { pk, sk } of Items) await documents.send(new DeleteCommand({ TableName, Key: { pk, sk } }));
    expect((await here.ask(versionList, 'models', 'list', 'loans')).versions).toEqual([]);

    const { datasets, versions } = await here.ask(imported, 'data', 'import', archive);
    expect(datasets.map(({ isNew }) => isNew)).toEqual([false]);
    expect(versions).toEqual([{ from: 1, version: 1, isNew: true }]);
    expect((await here.cli('models', 'promote', 'loans', '1', '--why', 'registry lost', '--yes')).code).toBe(
      0,
    );
    expect((await ask(here)).version).toBe(1);
  });
});
