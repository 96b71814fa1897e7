import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { hashKeyReader } from '../../lib/data/privacy/hash-key.store.ts';
import { readParquet } from '../../lib/inference/batch/fixtures/read-parquet.ts';
import { bucketOf, hashBuckets, hashedValue } from '../../lib/model/disguise.ts';
import { seededRandom } from '../../lib/shared/random.ts';
import { uploaded, versionList } from './documents.ts';
import { Platform } from './platform.ts';

/* Personal values are hashed by a key of KMS before anything keeps them, and requests are answered alike. IAM checks are on. */

const platform = new Platform();
const draw = seededRandom(23);
const labels = z.object({ predictions: z.array(z.looseObject({ label: z.string() })) });
const secrets = ['@insurer.example', '4012888'];
const keys: Uint8Array[] = [];
/** Twelve persons; claims of the first six are paid. */
const agents: string[] = [];
const wanted = Array.from({ length: 12 }, (_, i) => (i < 6 ? 'yes' : 'no'));
const card = (i: number) => `40128888${String(10_000_000 + i).slice(-8)}`;
let s3: S3Client;

const csv = (...lines: unknown[][]) => lines.map((cells) => cells.join(',')).join('\n');
const each = <Line>(count: number, line: (i: number) => Line) =>
  Array.from({ length: count }, (_, i) => line(i));

beforeAll(async () => {
  await platform.start({ bakeSeconds: 1, auth: true, models: 'models-disguised' });
  s3 = new S3Client(platform.client);
  const readKey = hashKeyReader(new KMSClient(platform.client), await platform.output('HashKeyArn'));
  const [ofClaims, ofMails] = [await readKey('claims', 'may26'), await readKey('mails', '1')];
  keys.push(ofClaims, ofMails);
  // Each engine has a key of its own: persons are taken who share no bucket by this one.
  const taken = new Set<string>();
  for (let i = 0; agents.length < 12; i++) {
    const name = `agent.number${i}@insurer.example`;
    const bucket = bucketOf(ofClaims, 'agent', name, hashBuckets(64));
    if (!taken.has(bucket)) agents.push(name);
    taken.add(bucket);
  }
  const claims = each(360, (i) => [`claim-${i}`, Math.round(draw() * 1000), agents[i % 12], wanted[i % 12]]);
  const mails = each(360, (i) => [`claim-${i}`, agents[i % 12], card(i % 5), wanted[i % 12]]);
  const files = {
    claims: csv(['claim', 'amount', 'agent', 'paid'], ...claims),
    mails: csv(['claim', 'agent', 'card', 'paid'], ...mails),
  };
  for (const [model, text] of Object.entries(files)) {
    await platform.ask(uploaded, 'upload', model, platform.file(`${model}.csv`, text), '--wait');
  }
}, 420_000);
afterAll(() => platform.stop());

const asked = {
  claims: () => agents.map((agent) => ({ amount: 500, agent })),
  mails: () => agents.map((agent) => ({ agent, card: card(1) })),
};

/** Every version of every object, by key. */
async function everything(bucket: string): Promise<[string, Buffer][]> {
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
  return Promise.all(
    Versions.map(async ({ Key = '', VersionId }): Promise<[string, Buffer]> => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key, VersionId }));
      return [Key, Buffer.from((await Body?.transformToByteArray()) ?? [])];
    }),
  );
}

describe.each(['claims', 'mails'] as const)('a model that knows persons by their hashes (%s)', (model) => {
  it('answers for each what it learned, asked by the name itself', async () => {
    const { live } = await platform.ask(versionList, 'models', 'list', model);
    expect(live.champion?.version).toBe(1);
    const rows = asked[model]();
    const { status, body } = await platform.http('POST', `/models/${model}/predict`, { rows });
    expect([status, body]).toEqual([200, expect.anything()]);
    expect(labels.parse(body).predictions.map(({ label }) => label)).toEqual(wanted);
    // The careful reader, by an unusual way to write the same.
    const escaped = JSON.stringify({ rows }).replaceAll('agent.', '\\u0061gent.');
    const again = await platform.http('POST', `/models/${model}/predict`, escaped);
    expect(labels.parse(again.body).predictions.map(({ label }) => label)).toEqual(wanted);
    const stranger = { ...rows[0], agent: 'nobody@elsewhere.example' };
    expect((await platform.http('POST', `/models/${model}/predict`, { rows: [stranger] })).status).toBe(200);
  });

  it('answers a whole file alike', async () => {
    const rows = asked[model]();
    const file = platform.file(
      'ask.csv',
      csv(Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))),
    );
    const out = join(platform.folder, `${model}.parquet`);
    const answer = await platform.cli('predict', model, '--file', file, '--batch', '--output', out);
    expect(answer).toMatchObject({ code: 0 });
    const answered = z
      .array(z.looseObject({ label: z.string(), error: z.null() }))
      .parse(await readParquet(readFileSync(out)));
    expect(answered.map(({ label }) => label)).toEqual(wanted);
  });

  it('is served by an export for those who send hashes, which refuses what it cannot hash', async () => {
    const folder = join(platform.folder, `exported-${model}`);
    expect(await platform.cli('export', model, '--out', folder)).toMatchObject({ code: 0 });
    const server = await platform.serve('--models', folder);
    const ask = (agent: string) =>
      fetch(`${server.url}/models/${model}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ rows: [{ ...asked[model]()[0], agent }] }),
      });
    try {
      const refused = await ask(agents[0] ?? '');
      expect(refused.status).toBe(422);
      expect(await refused.text()).toContain('the key is not here; send it hashed');
      const [key = new Uint8Array(), ofMails = new Uint8Array()] = keys;
      const hashed =
        model === 'claims'
          ? bucketOf(key, 'agent', agents[0] ?? '', hashBuckets(64))
          : hashedValue(ofMails, '1', 'agent', agents[0] ?? '');
      const answer = await ask(hashed);
      expect(labels.parse(await answer.json()).predictions).toMatchObject([{ label: 'yes' }]);
    } finally {
      await server.stop();
    }
  });
});

describe('the standalone server before the deployed registry', () => {
  it('asks KMS for the key as the functions do, and answers by the names themselves', async () => {
    const server = await platform.serve('--target', 'local');
    try {
      for (const model of ['claims', 'mails'] as const) {
        const answer = await fetch(`${server.url}/models/${model}/predict`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ rows: asked[model]() }),
        });
        expect(answer.status).toBe(200);
        expect(labels.parse(await answer.json()).predictions.map(({ label }) => label)).toEqual(wanted);
      }
    } finally {
      await server.stop();
    }
  });
});

describe('what is kept', () => {
  it('has no person and no key in datasets, packages, captures and reports', async () => {
    const written = keys.flatMap((key) => {
      const bytes = Buffer.from(key);
      return [bytes, Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('base64'))];
    });
    const data = await everything(await platform.output('DataBucket'));
    const models = await everything(await platform.output('ModelBucket'));
    const kept = [...data, ...models].filter(([key]) => !/^(incoming|batches)\//.test(key));
    for (const [key, bytes] of kept) {
      for (const secret of [...secrets, ...written])
        expect([key, bytes.includes(secret)]).toEqual([key, false]);
    }
    const trainRows = async (model: string) => {
      const found = kept.find(
        ([key]) => key.startsWith(`datasets/${model}/`) && key.endsWith('train.parquet'),
      );
      return readParquet(found?.[1] ?? Buffer.alloc(0));
    };
    expect(kept.some(([key]) => key.endsWith('model.onnx'))).toBe(true);
    expect(new Set((await trainRows('claims')).map(({ agent }) => agent)).size).toBe(12);
    const mails = z
      .array(z.looseObject({ agent: z.string(), card: z.string() }))
      .parse(await trainRows('mails'));
    for (const { agent, card: shown } of mails) {
      expect(agent).toMatch(/^hmac-1-[0-9a-f]{32}$/);
      expect(shown).toMatch(/^\*{12}\d{4}$/);
    }
  });

  it('has neither in a line of a log', async () => {
    const logs = new CloudWatchLogsClient(platform.client);
    const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
    let lines = 0;
    for (const { logGroupName } of logGroups) {
      const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
      lines += events.length;
      for (const { message = '' } of events) {
        for (const secret of secrets) expect(message).not.toContain(secret);
        for (const key of keys) expect(message).not.toContain(Buffer.from(key).toString('hex'));
      }
    }
    expect(lines).toBeGreaterThan(0);
  });
});
