import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cleaningStep } from '../../lib/data/dataset.ts';
import { readParquet } from '../../lib/inference/batch/fixtures/read-parquet.ts';
import { seededRandom } from '../../lib/shared/random.ts';
import { uploaded, versionList } from './documents.ts';
import { Platform } from './platform.ts';

/* Personal texts are hashed by a key of KMS before anything keeps them, and requests are answered alike. IAM checks are on. */

const platform = new Platform();
const draw = seededRandom(23);
const agents = Array.from({ length: 12 }, (_, i) => `agent.number${i}@insurer.example`);
const rows = Array.from({ length: 360 }, (_, i) => ({
  claim: `claim-${i}`,
  amount: Math.round(draw() * 1000),
  agent: agents[i % 12] ?? '',
  card: `40128888${String(10_000_000 + i).slice(-8)}`,
  paid: i % 12 < 6 ? 'yes' : 'no',
}));
const text = (some: typeof rows) =>
  ['claim,amount,agent,card,paid', ...some.map((row) => Object.values(row).join(','))].join('\n');
const labels = z.object({ predictions: z.array(z.looseObject({ label: z.string() })) });
const asked = agents.map((agent) => ({ amount: 500, agent, card: '4012888888881881' }));
const wanted = agents.map((_, i) => (i < 6 ? 'yes' : 'no'));
let s3: S3Client;

beforeAll(async () => {
  await platform.start({ bakeSeconds: 1, auth: true, models: 'models-disguised' });
  s3 = new S3Client(platform.client);
  await platform.ask(uploaded, 'upload', 'claims', platform.file('claims.csv', text(rows)), '--wait');
}, 420_000);
afterAll(() => platform.stop());

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

describe('a model that knows persons by their hashes', () => {
  it('answers for each person what it learned, asked by the name itself', async () => {
    const { live } = await platform.ask(versionList, 'models', 'list', 'claims');
    expect(live.champion?.version).toBe(1);
    const { status, body } = await platform.http('POST', '/models/claims/predict', { rows: asked });
    expect(status).toBe(200);
    expect(labels.parse(body).predictions.map(({ label }) => label)).toEqual(wanted);
    // The careful reader, by an unusual way to write the same.
    const escaped = JSON.stringify({ rows: asked }).replaceAll('agent.', '\\u0061gent.');
    const again = await platform.http('POST', '/models/claims/predict', escaped);
    expect(labels.parse(again.body).predictions.map(({ label }) => label)).toEqual(wanted);
    const stranger = { amount: 500, agent: 'nobody@elsewhere.example', card: null };
    expect((await platform.http('POST', '/models/claims/predict', { rows: [stranger] })).status).toBe(200);
  });

  it('answers a whole file alike', async () => {
    const file = platform.file(
      'ask.csv',
      ['amount,agent,card', ...asked.map((row) => Object.values(row).join(','))].join('\n'),
    );
    const out = join(platform.folder, 'answers.parquet');
    const answer = await platform.cli('predict', 'claims', '--file', file, '--batch', '--out', out);
    expect(answer.code).toBe(0);
    const answered = z
      .array(z.looseObject({ label: z.string(), error: z.null() }))
      .parse(await readParquet(readFileSync(out)));
    expect(answered.map(({ label }) => label)).toEqual(wanted);
  });

  it('leaves no person and no key in datasets, packages, captures, reports or logs', async () => {
    const secrets = ['@insurer.example', '4012888'];
    const kms = new KMSClient(platform.client);
    const { Mac = new Uint8Array() } = await kms.send(
      new GenerateMacCommand({
        KeyId: await platform.output('HashKeyArn'),
        MacAlgorithm: 'HMAC_SHA_256',
        Message: Buffer.from(JSON.stringify(['evergreen/hash/v1', 'claims', 'may26'])),
      }),
    );
    const keys = [Buffer.from(Mac), Buffer.from(Buffer.from(Mac).toString('hex'))];
    keys.push(Buffer.from(Buffer.from(Mac).toString('base64')));
    const data = await everything(await platform.output('DataBucket'));
    const models = await everything(await platform.output('ModelBucket'));
    const kept = [...data, ...models].filter(([key]) => !/^(incoming|batches)\//.test(key));
    expect(kept.some(([key]) => key.endsWith('train.parquet'))).toBe(true);
    expect(kept.some(([key]) => key.endsWith('model.onnx'))).toBe(true);
    for (const [key, bytes] of kept) {
      for (const secret of secrets) expect([key, bytes.includes(secret)]).toEqual([key, false]);
      for (const secret of keys) expect([key, bytes.includes(secret)]).toEqual([key, false]);
    }
    const train = kept.find(([key]) => key.endsWith('train.parquet'))?.[1] ?? Buffer.alloc(0);
    const learned = z.array(z.looseObject({ agent: z.string(), card: z.string() }));
    const stored = learned.parse(await readParquet(train));
    expect(new Set(stored.map(({ agent }) => agent)).size).toBe(12);
    for (const { agent, card } of stored) {
      expect(agent).toMatch(/^hmac-may26-[0-9a-f]{32}$/);
      expect(card).toMatch(/^\*{12}\d{4}$/);
    }
    const logs = new CloudWatchLogsClient(platform.client);
    const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
    let lines = 0;
    for (const { logGroupName } of logGroups) {
      const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
      lines += events.length;
      for (const { message = '' } of events) {
        for (const secret of [...secrets, ...keys.map(String)]) expect(message).not.toContain(secret);
      }
    }
    expect(lines).toBeGreaterThan(0);
  });

  it('says in the report what was done, and needs the key for nothing that came hashed', async () => {
    const [, report] =
      (await everything(await platform.output('DataBucket'))).find(([key]) => key.endsWith('report.json')) ??
      [];
    const { cleaning } = z.object({ cleaning: z.array(cleaningStep) }).parse(JSON.parse(String(report)));
    expect(cleaning.filter(({ step }) => step === 'pseudonymisation').map(({ column }) => column)).toEqual([
      'agent',
      'card',
    ]);
  });

  it('is served by an export for those who send hashes, and refuses what it cannot hash', async () => {
    const folder = join(platform.folder, 'exported');
    expect((await platform.cli('export', 'claims', '--out', folder)).code).toBe(0);
    const server = await platform.serve('--models', folder);
    const ask = (agent: string) =>
      fetch(`${server.url}/models/claims/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ rows: [{ amount: 500, agent, card: null }] }),
      });
    try {
      const refused = await ask(agents[0] ?? '');
      expect(refused.status).toBe(422);
      expect(await refused.text()).toContain('the key is not here; send it hashed');
      expect((await ask(`hmac-may26-${'0'.repeat(32)}`)).status).toBe(200);
    } finally {
      await server.stop();
    }
  });
});
