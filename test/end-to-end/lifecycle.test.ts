import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { erasureRecord } from '../../lib/data/erasure/erasure-record.ts';
import { seededRandom } from '../../lib/shared/random.ts';
import { uploaded } from './documents.ts';
import { Platform } from './platform.ts';

/* A person's rows, from upload to erasure and the model that never saw them. IAM checks are on. */

const platform = new Platform();
const draw = seededRandom(11);
const people = Array.from({ length: 300 }, (_, i) => {
  const income = Math.round(draw() * 1_000_000) / 1000;
  const age = 20 + Math.floor(draw() * 50);
  return { customer: `person-${i}`, income, age, paid: income + draw() * 60 > 520 ? 'yes' : 'no' };
});
const erased = people[7] ?? { customer: '', income: 0, age: 0, paid: 'no' };
const dataset = z.looseObject({
  datasetId: z.string(),
  rows: z.looseObject({ read: z.int(), accepted: z.int() }),
  versions: z.array(z.int()),
  isOfChampion: z.boolean(),
});
const answered = z.object({ predictionId: z.string() });
let s3: S3Client;
let bucket: string;

beforeAll(async () => {
  await platform.start({ bakeSeconds: 1, auth: true, models: 'models-lifecycle' });
  s3 = new S3Client(platform.client);
  bucket = await platform.output('DataBucket');
  await platform.ask(uploaded, 'upload', 'loans', fileOf(people), '--wait');
}, 420_000);
afterAll(() => platform.stop());

function fileOf(rows: typeof people): string {
  const file = join(platform.folder, 'loans.csv');
  const lines = rows.map(({ customer, income, age, paid }) => [customer, income, age, paid].join(','));
  writeFileSync(file, `customer,income,age,paid\n${lines.join('\n')}\n`);
  return file;
}

/** All bytes in the data bucket, of every version of every object. */
async function everything(): Promise<string> {
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
  const texts = Versions.map(async ({ Key, VersionId }) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key, VersionId }));
    return (await Body?.transformToString('latin1')) ?? '';
  });
  return (await Promise.all(texts)).join('\n');
}

describe('a person', () => {
  it('is erased from every version of every object and from what was predicted', async () => {
    const { income, age } = erased;
    const asked = await platform.http('POST', '/models/loans/predict', { rows: [{ income, age }] });
    const { predictionId } = answered.parse(asked.body);
    const receipt = () => platform.http('GET', `/predictions/${predictionId}`);
    for (let tries = 0; tries < 60 && (await receipt()).status !== 200; tries++) await sleep(500);
    expect((await receipt()).status).toBe(200);
    expect(await everything()).toContain(`${erased.customer},`);

    const erasing = ['data', 'erase', 'loans', '--subject', erased.customer] as const;
    const planned = await platform.ask(erasureRecord, ...erasing, '--dry-run');
    expect(planned).toMatchObject({ state: 'planned', versions: [1], predictions: [predictionId] });
    const done = await platform.ask(erasureRecord, ...erasing, '--yes', '--retrain');
    expect(done).toMatchObject({ state: 'done', versions: [1], predictions: [predictionId] });

    const left = await everything();
    expect(left).not.toContain(`${erased.customer},`);
    expect(left).toContain('person-8,');
    expect((await receipt()).status).toBe(404);
    expect(await platform.ask(erasureRecord, ...erasing, '--yes')).toMatchObject({
      sources: [],
      predictions: [],
    });
  });

  it('is not known to the version that is trained on what is left', async () => {
    let listed: z.infer<typeof dataset>[] = [];
    for (let tries = 0; tries < 120; tries++) {
      listed = await platform.ask(z.array(dataset), 'data', 'list', 'loans');
      if (listed.some(({ isOfChampion, versions }) => isOfChampion && versions.includes(2))) break;
      await sleep(500);
    }
    expect(listed.find(({ isOfChampion }) => isOfChampion)).toMatchObject({
      rows: { read: 299 },
      versions: [2],
    });
  });
});

describe('a dataset', () => {
  it('publishes counts with noise until its budget is spent', async () => {
    expect((await platform.cli('data', 'publish', 'loans', '--epsilon', '0.7')).code).toBe(0);
    const refused = await platform.cli('data', 'publish', 'loans', '--epsilon', '0.7');
    expect(refused.code).toBe(5);
    expect(refused.json).toMatchObject({ error: { code: 'privacy-budget-spent' } });
  });

  it('is destroyed with a certificate when nothing stands on it, and not before', async () => {
    await platform.cli('upload', 'loans', fileOf(people.slice(100)), '--wait');
    const listed = await platform.ask(z.array(dataset), 'data', 'list', 'loans');
    expect(listed).toHaveLength(2);
    const [used] = listed.filter(({ isOfChampion }) => isOfChampion);
    const [free] = listed.filter(({ isOfChampion }) => !isOfChampion);
    const destroy = (id = '') => platform.cli('data', 'destroy', 'loans', id, '--why', 'tried', '--yes');
    expect((await destroy(used?.datasetId)).code).toBe(5);
    expect((await destroy(free?.datasetId)).code).toBe(0);
    const after = await platform.ask(z.array(dataset), 'data', 'list', 'loans');
    expect(after.map(({ datasetId }) => datasetId)).toEqual([used?.datasetId]);
  });
});

describe('what is on record', () => {
  it('tells where a dataset comes from', async () => {
    const [newest] = await platform.ask(z.array(dataset), 'data', 'list', 'loans');
    const id = newest?.datasetId ?? '';
    const shown = await platform.ask(z.looseObject({ datasetId: z.string() }), 'data', 'show', 'loans');
    expect(shown).toMatchObject({ datasetId: id, codeDigest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const lineage = await platform.ask(z.array(z.looseObject({})), 'data', 'lineage', 'loans', id);
    expect(lineage[0]).toMatchObject({ datasetId: id });
    const same = await platform.ask(
      z.looseObject({ differences: z.array(z.unknown()) }),
      'data',
      'diff',
      'loans',
      id,
      id,
    );
    expect(same.differences).toEqual([]);
    expect((await platform.cli('data', 'show', 'loans', 'ds-0')).code).toBe(3);
  });

  it('is read clause by clause from the stack as it is', async () => {
    const items = z.looseObject({ items: z.array(z.looseObject({ clause: z.string(), state: z.string() })) });
    const report = await platform.ask(items, 'compliance');
    const stateOf = (clause: string) => report.items.find((item) => item.clause === clause)?.state;
    expect(stateOf('Art. 17')).toBe('on');
    expect(stateOf('Art. 5(1)(f), 32(1)(a)')).toBe('on');
    // The engine keeps no lifecycle rules, and the definition names no retention.
    expect(stateOf('Art. 5(1)(e)')).toBe('off');
  });
});

describe('the role of erasures', () => {
  it('may destroy an upload, and no record of an erasure', async () => {
    const sts = new STSClient(platform.client);
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn: await platform.output('EraserRoleArn'), RoleSessionName: 'tried' }),
    );
    const credentials = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    };
    const own = new S3Client({ ...platform.client, credentials });
    const below = async (Prefix: string) =>
      (await own.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix }))).Versions?.[0];
    const destroy = (found: Awaited<ReturnType<typeof below>>) =>
      own.send(
        new DeleteObjectCommand({ Bucket: bucket, Key: found?.Key ?? '', VersionId: found?.VersionId }),
      );
    const upload = await below('incoming/loans/');
    await destroy(upload);
    expect((await below(upload?.Key ?? ''))?.VersionId).not.toBe(upload?.VersionId);
    const remove = destroy(await below('erasures/'));
    await expect(remove).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});
