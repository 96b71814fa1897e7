import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { APIGatewayClient, GetApiKeyCommand } from '@aws-sdk/client-api-gateway';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { extract } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { uploaded } from './documents.ts';
import { Platform } from './platform.ts';
import { irisFile } from './rows.ts';

/* A version on a machine without a network: exported, asked there, and what it answered sent later. IAM checks are on. */

const platform = new Platform();
const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
const exported = z.object({ file: z.string(), version: z.int(), packageDigest: z.string(), bytes: z.int() });
const reply = z.object({ predictionId: z.string(), version: z.int(), modelDigest: z.string() });
const report = z.object({
  predictions: z.int(),
  labels: z.int(),
  repeated: z.int(),
  refused: z.array(z.object({ code: z.string(), message: z.string(), predictionId: z.string().optional() })),
  refusedFiles: z.array(z.string()),
});

let folder: string;
let url: string;
let key: string;
const predicted: z.infer<typeof reply>[] = [];

beforeAll(async () => {
  await platform.start({ bakeSeconds: 5, auth: true });
  await platform.ask(uploaded, 'upload', 'iris', irisFile, '--wait');
  const outputs = await platform.outputs();
  url = `http://127.0.0.1:${platform.port}/restapis/${outputs.ApiId}/${outputs.ApiStage}/_user_request_`;
  const request = new GetApiKeyCommand({ apiKey: await platform.output('ApiKeyId'), includeValue: true });
  key = (await new APIGatewayClient(platform.client).send(request)).value ?? '';
}, 420_000);
afterAll(() => platform.stop());

/** `node run.mjs …` with no variables but the path. */
async function edge(
  args: string[],
  place = folder,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = [join(place, 'run.mjs'), ...args];
  const options = { env: { PATH: process.env.PATH ?? '' }, cwd: tmpdir() };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, command, options)) };
  } catch (thrown) {
    return z.looseObject({ code: z.int(), stdout: z.string(), stderr: z.string() }).parse(thrown);
  }
}

async function sync(address = url): Promise<{ code: number; report: z.infer<typeof report> }> {
  const { code, stdout, stderr } = await edge(['sync', '--url', address, '--key', key]);
  if (stdout === '') throw new Error(stderr);
  return { code, report: report.parse(JSON.parse(stdout)) };
}

async function capturedObjects(): Promise<string[]> {
  const request = new ListObjectsV2Command({
    Bucket: await platform.output('DataBucket'),
    Prefix: 'captures/',
  });
  const { Contents = [] } = await new S3Client(platform.client).send(request);
  return Contents.map(({ Key = '' }) => Key);
}

describe('a version on a machine without a network', () => {
  it('is one archive, which is the same when it is exported again', async () => {
    const files = ['a.tar.gz', 'b.tar.gz'].map((name) => join(platform.folder, name));
    const archives = [];
    for (const file of files) {
      archives.push(await platform.ask(exported, 'export', 'iris', '--output', file));
    }
    expect(archives.map(({ version }) => version)).toEqual([1, 1]);
    const [a, b] = files.map((file) => readFileSync(file));
    expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
    const place = join(platform.folder, 'unpacked');
    mkdirSync(place);
    await extract({ file: files[0] ?? '', cwd: place });
    folder = join(place, 'iris-1');
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(archives[0]?.packageDigest);
    expect(readFileSync(join(folder, 'card', 'card.html'), 'utf8')).toContain('iris');
  });

  it('refuses to answer when a byte of its model was changed', async () => {
    const copy = join(platform.folder, 'changed');
    cpSync(folder, copy, { recursive: true });
    const { champion } = JSON.parse(readFileSync(join(copy, 'models', 'live', 'iris.json'), 'utf8'));
    const model = join(copy, 'models', champion.packagePrefix, 'model.onnx');
    const bytes = readFileSync(model);
    bytes.writeUInt8(bytes.readUInt8(50) ^ 1, 50);
    writeFileSync(model, bytes);
    for (const args of [['verify'], ['predict', '--row', JSON.stringify(flower)], ['serve']]) {
      const { code, stderr } = await edge(args, copy);
      expect(code, stderr).toBe(5);
      expect(stderr).toMatch(/model\.onnx has the digest/);
    }
  });

  it('answers as the API does', async () => {
    expect((await edge(['verify'])).code).toBe(0);
    const { body } = await platform.http('POST', '/models/iris/predict', { rows: [flower] });
    for (let asked = 0; asked < 3; asked += 1) {
      const { code, stdout, stderr } = await edge(['predict', '--row', JSON.stringify(flower)]);
      expect(code, stderr).toBe(0);
      const answer = JSON.parse(stdout);
      expect(answer).toMatchObject({ predictions: (body as { predictions: unknown }).predictions });
      predicted.push(reply.parse(answer));
    }
  });

  it('is read by the standalone server too', async () => {
    const server = await platform.serve('--models', join(folder, 'models'));
    expect(await (await fetch(`${server.url}/v2/models/iris/ready`)).json()).toMatchObject({ ready: true });
    expect(await server.stop()).toBe(0);
  });

  it('keeps what it answered while the API cannot be reached', async () => {
    const { code, stderr } = await edge(['sync', '--url', `${url}/nowhere`, '--key', key]);
    expect(code, stderr).not.toBe(0);
    const { stderr: said, code: ended } = await edge(['sync', '--url', url, '--key', 'wrong']);
    expect([ended, said]).toEqual([5, expect.stringMatching(/403.*is the key right/)]);
  });

  it('sends it later, once however often it is sent, with its labels', async () => {
    const [first] = predicted;
    if (!first) throw new Error('nothing was predicted');
    const label = ['label', '--prediction', first.predictionId, '--label', 'virginica'];
    expect((await edge(label)).code).toBe(0);
    const spare = join(platform.folder, 'spare');
    cpSync(join(folder, 'captures'), spare, { recursive: true });
    const before = await capturedObjects();
    expect(await sync()).toMatchObject({ code: 0, report: { predictions: 3, labels: 1, repeated: 0 } });
    const after = await capturedObjects();
    expect(after.length).toBeGreaterThan(before.length);
    expect(await sync()).toMatchObject({ code: 0, report: { predictions: 0, labels: 0 } });

    // As after a crash between the API's answer and the clearing away: all is there again.
    cpSync(spare, join(folder, 'captures'), { recursive: true });
    expect(await sync()).toMatchObject({ code: 0, report: { predictions: 3, labels: 1, repeated: 4 } });
    expect(await capturedObjects()).toEqual(after);
    for (const { predictionId, modelDigest } of predicted) {
      const { status, body } = await platform.http('GET', `/predictions/${predictionId}`);
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { model: 'iris', version: 1, variant: 'edge', modelDigest, rowCount: 1 },
      });
    }
    const { body } = await platform.http('GET', `/predictions/${first.predictionId}`);
    expect(body).toMatchObject({ labels: [{ row: 0, label: 'virginica', corrections: 0 }] });
  });

  it('counts in the drift of live rows', async () => {
    const measured = z.looseObject({ report: z.looseObject({ sample: z.int() }) });
    const { sample } = (await platform.ask(measured, 'drift', 'iris', '--now')).report;
    expect(sample).toBeGreaterThanOrEqual(3);
  });

  it('puts aside what the API refuses, by name, and sends the rest', async () => {
    const ids: string[] = [];
    for (let asked = 0; asked < 2; asked += 1) {
      const { stdout } = await edge(['predict', '--row', JSON.stringify(flower)]);
      ids.push(reply.parse(JSON.parse(stdout)).predictionId);
    }
    const [bad = '', good = ''] = ids;
    const queue = join(folder, 'captures', 'queue');
    const paths = readdirSync(queue).map((name) => join(queue, name));
    const path = paths.find((each) => readFileSync(each, 'utf8').includes(bad)) ?? '';
    writeFileSync(path, readFileSync(path, 'utf8').replace('"version":1', '"version":9'));
    const { code, report: told } = await sync();
    expect(code).toBe(2);
    expect(told).toMatchObject({
      predictions: 1,
      refused: [{ predictionId: bad, code: 'version-unknown', message: expect.stringContaining('9') }],
    });
    expect(readFileSync(told.refusedFiles[0] ?? '', 'utf8')).toContain(bad);
    expect((await platform.http('GET', `/predictions/${good}`)).status).toBe(200);
    expect((await platform.http('GET', `/predictions/${bad}`)).status).toBe(404);
  });

  it('is told what does not fit by the API itself', async () => {
    const send = (body: unknown, apiKey?: null) =>
      platform.http('POST', '/models/iris/captures', body, apiKey);
    expect((await send({ captures: [] }, null)).status).toBe(403);
    expect(await send({ captures: [{ predictionId: 'p' }] })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: expect.stringMatching(/^\/captures\/0\//) }] },
    });
    expect(await send({ rows: [] })).toMatchObject({ status: 422 });
    expect((await platform.http('POST', '/models/wine/captures', { captures: [{}] })).status).toBe(404);
  });
});
