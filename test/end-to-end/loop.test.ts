import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import {
  DeleteRolePolicyCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  LambdaClient,
  ListFunctionsCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { datasetReport } from '../../lib/data/dataset.ts';
import { evaluationDocument } from '../../lib/evaluation/evaluation.ts';
import type { Run } from '../../lib/intake/run.ts';
import { sendAlarms } from './alarms.ts';
import {
  answers,
  log,
  measured,
  runList,
  shownVersion,
  uploaded,
  versionDiff,
  versionList,
  watched,
} from './documents.ts';
import { eventually, Platform } from './platform.ts';
import {
  csv,
  featuresOf,
  guardedRows,
  irisFile,
  irisHeader,
  irisLines,
  irisRows,
  jsonLines,
  leakingFlowers,
  moodyRows,
  parquetOf,
  shuffledLabels,
} from './rows.ts';

/* The whole loop from outside, with IAM checks on. The tests tell one story and run in order. */

const bakeSeconds = 20;
const platform = new Platform();

beforeAll(() => platform.start({ bakeSeconds, auth: true }), 400_000);
afterAll(() => platform.stop());

async function upload(model: string, path: string): Promise<Run> {
  const { run } = await platform.ask(uploaded, 'upload', model, path);
  if (!run) throw new Error(`upload of ${path} began no run`);
  return run;
}

async function ended(runId: string): Promise<Run> {
  const { json } = await platform.cli('runs', 'watch', runId);
  return watched.parse(json).run;
}

const models = (model: string) => platform.ask(versionList, 'models', 'list', model);
const runsOf = async (model: string) =>
  (await platform.ask(runList, 'runs', 'list', '--model', model, '--limit', '50')).runs;
const promotionLog = async (model: string) => (await platform.ask(log, 'models', 'log', model)).entries;

const reply = z.object({
  predictionId: z.string(),
  version: z.int(),
  modelDigest: z.string(),
  predictions: z.array(z.object({ label: z.string() })),
});

const shownStates = z.object({ states: z.array(z.object({ state: z.string() })) });

/** What the gate said of a run's data. */
async function dataReport(run: Run) {
  const Bucket = await platform.output('DataBucket');
  const get = new GetObjectCommand({ Bucket, Key: run.reportKey ?? '' });
  const { Body } = await new S3Client(platform.client).send(get);
  return datasetReport.parse(JSON.parse((await Body?.transformToString()) ?? ''));
}

async function predict(model: string, row: object) {
  const { status, body } = await platform.http('POST', `/models/${model}/predict`, { rows: [row] });
  expect({ status, body }).toMatchObject({ status: 200 });
  return reply.parse(body);
}

/** The newest end of a model's run, told whole when it is not the one expected. */
function expectEnd(run: Run, expected: Partial<Run>) {
  expect(run, run.reason).toMatchObject(expected);
}

/** Two callers send requests until told to stop; gives the versions that answered and whatever went wrong. */
async function traffic(model: string, row: () => object, isOver: () => Promise<boolean>) {
  const versions: number[] = [];
  const failures: unknown[] = [];
  let isStopped = false;
  async function call() {
    while (!isStopped) {
      const { status, body } = await platform.http('POST', `/models/${model}/predict`, { rows: [row()] });
      if (status === 200) versions.push(reply.parse(body).version);
      else failures.push(body);
      // Some a second: more would leave captures and metrics behind, on a machine that does other things as well.
      await sleep(100);
    }
  }
  const callers = [call(), call()];
  try {
    while (!(await isOver())) await sleep(2000);
  } finally {
    isStopped = true;
    await Promise.all(callers);
  }
  return { versions, failures };
}

async function isQuiet(alarm: string): Promise<void> {
  const cloudWatch = new CloudWatchClient(platform.client);
  await eventually(`${alarm} is quiet`, 60, async () => {
    const { MetricAlarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: [alarm] }));
    return MetricAlarms[0]?.StateValue === 'OK';
  });
}

/** Sets the bake time of the rollouts that begin from now on. */
async function bakeFor(seconds: number): Promise<void> {
  const lambda = new LambdaClient(platform.client);
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({ MaxItems: 100 }));
  const begin = Functions.find(({ FunctionName }) => FunctionName?.includes('BeginRollout'));
  if (!begin?.Environment?.Variables) throw new Error('no function begins rollouts');
  const Variables = { ...begin.Environment.Variables, BAKE_SECONDS: String(seconds) };
  const { FunctionName } = begin;
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
}

describe('a first upload', () => {
  it('becomes a served version', async () => {
    const half = irisLines.filter((_, index) => index % 2 === 0);
    const run = await ended((await upload('iris', platform.file('half.csv', csv(irisHeader, half)))).runId);
    expectEnd(run, { status: 'promoted', version: 1 });
    expect((await models('iris')).live).toMatchObject({ champion: { version: 1 }, candidate: null });
    expect((await predict('iris', featuresOf(irisRows[0] as (typeof irisRows)[number]))).version).toBe(1);
  });

  it('answers in both wire forms, each naming prediction, version and digest', async () => {
    const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
    const { versions } = await models('iris');
    const plain = await predict('iris', flower);
    expect(plain).toMatchObject({
      version: 1,
      modelDigest: versions[0]?.modelDigest,
      predictions: [{ label: 'setosa' }],
    });
    const { status, body } = await platform.http('POST', '/v2/models/iris/infer', {
      inputs: Object.entries(flower).map(([name, value]) => ({
        name,
        datatype: 'FP64',
        shape: [1],
        data: [value],
      })),
    });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { model_name: 'iris', model_version: '1', outputs: [{ name: 'label', data: ['setosa'] }] },
    });
  });

  it('reads tensors in binary, byte for byte', async () => {
    const flowers = Float32Array.of(5.1, 3.5, 1.4, 0.2, 6.3, 3.3, 6, 2.5);
    const matrix = { name: 'numbers', datatype: 'FP32', shape: [2, 4] };
    const head = JSON.stringify({
      inputs: [{ ...matrix, parameters: { binary_data_size: flowers.byteLength } }],
    });
    const { status, body } = await platform.http(
      'POST',
      '/v2/models/iris/infer',
      Buffer.concat([Buffer.from(head), Buffer.from(flowers.buffer)]),
      undefined,
      { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(head.length) },
    );
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { outputs: [{ name: 'label', data: ['setosa', 'virginica'] }] },
    });
  });

  it('answers with tensors in binary, byte for byte, who accepts them', async () => {
    const request = {
      parameters: { binary_data_output: true },
      inputs: [{ name: 'numbers', datatype: 'FP32', shape: [1, 4], data: [5.1, 3.5, 1.4, 0.2] }],
    };
    const ask = (accept: string) =>
      platform.http('POST', '/v2/models/iris/infer', request, undefined, { accept });
    const { status, type, body } = await ask('application/octet-stream');
    expect({ status, type }).toEqual({ status: 200, type: 'application/octet-stream' });
    expect(String(body)).toContain('"binary_data_size":10');
    expect(String(body).endsWith('}\u0006\0\0\0setosa')).toBe(true);
    expect((await ask('*/*')).body).toMatchObject({ outputs: [{ name: 'label', data: ['setosa'] }] });
  });

  it('has a card, which the command makes again byte for byte', async () => {
    const shown = await platform.ask(shownVersion, 'models', 'show', 'iris');
    expect(shown).toMatchObject({ version: 1, trainRows: 60, heldOutRows: 15, cost: null });
    expect(shown.trainingSeconds).toBeGreaterThan(0);
    const [Bucket, Key] = [await platform.output('ModelBucket'), 'cards/iris/00000001/'];
    expect(shown.storedCard).toBe(`s3://${Bucket}/${Key}`);
    const folder = join(platform.folder, 'card');
    expect((await platform.cli('models', 'card', 'iris', '1', '--out', folder)).code).toBe(0);
    const s3 = new S3Client(platform.client);
    for (const name of ['card.json', 'card.html', 'bom.json']) {
      const stored = await s3.send(new GetObjectCommand({ Bucket, Key: Key + name }));
      expect(readFileSync(join(folder, name), 'utf8')).toBe(await stored.Body?.transformToString());
    }
    const bom = readFileSync(join(folder, 'bom.json'), 'utf8');
    expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(bom)).toBeNull();
    expect((await platform.cli('models', 'card', 'iris', '99', '--out', folder)).code).toBe(3);
  });

  it('is kept from callers without a key', async () => {
    const { status } = await platform.http('POST', '/models/iris/predict', { rows: [] }, null);
    expect(status).toBe(403);
  });

  it('answers wrong requests with problems that point at the place', async () => {
    const row = { sepal_length: 'long', sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
    const wrong = await platform.http('POST', '/models/iris/predict', { rows: [row] });
    expect(wrong.status).toBe(422);
    expect(wrong.type).toContain('application/problem+json');
    expect(wrong.body).toMatchObject({ errors: [{ pointer: '/rows/0/sepal_length' }] });
    expect((await platform.http('POST', '/models/iris/predict', '{"rows":')).status).toBe(400);
    expect((await platform.http('POST', '/models/nobody/predict', { rows: [row] })).status).toBe(404);
  });
});

describe('a better second version', () => {
  let run: Run;

  it('answers its share during the canary and is champion after it', async () => {
    run = await upload('iris', irisFile);
    await eventually('the canary begins', 60, async () => (await models('iris')).live.candidate !== null);
    const { versions, failures } = await traffic(
      'iris',
      () => featuresOf(irisRows[Math.floor(Math.random() * irisRows.length)] as (typeof irisRows)[number]),
      async () => (await models('iris')).live.candidate === null,
    );
    expect(failures).toEqual([]);
    const shareOfTwo = versions.filter((version) => version === 2).length / versions.length;
    // 20 % are set. The share is that of a few hundred requests, of which those after the promotion count too.
    expect(versions.length).toBeGreaterThan(100);
    expect(shareOfTwo).toBeGreaterThan(0.1);
    expect(shareOfTwo).toBeLessThan(0.35);
    expectEnd(await ended(run.runId), { status: 'promoted', version: 2 });
    const told = (await promotionLog('iris')).filter(({ version }) => version === 2).reverse();
    expect(told.map(({ action }) => action)).toEqual([
      'registered',
      'canary-started',
      'canary-widened',
      'promoted',
    ]);
    expect(told[1]?.details).toMatchObject({ replay: { verdict: 'pass', disagreement: expect.anything() } });
    expect(told[3]?.details).toMatchObject({ verdict: 'promote', checks: expect.any(Array) });
    expect((await models('iris')).live).toMatchObject({ champion: { version: 2 }, previous: { version: 1 } });
  });

  it('labels the 30 held-out rows as scikit-learn does', async () => {
    const s3 = new S3Client(platform.client);
    const { versions } = await models('iris');
    const prefix = versions.find(({ version }) => version === 2)?.packagePrefix;
    const stored = await s3.send(
      new GetObjectCommand({ Bucket: await platform.output('ModelBucket'), Key: `${prefix}evaluation.json` }),
    );
    const evaluation = evaluationDocument.parse(JSON.parse((await stored.Body?.transformToString()) ?? ''));
    expect(evaluation.rows).toBe(30);
    // What SVC(kernel='linear', C=1.0) answers on train_test_split(test_size=0.2, random_state=42); every label is right.
    const expected = [
      1, 0, 2, 1, 1, 0, 1, 2, 1, 1, 2, 0, 0, 0, 0, 1, 2, 1, 1, 2, 0, 2, 0, 2, 2, 2, 2, 2, 0, 0,
    ].map((index) => ['setosa', 'versicolor', 'virginica'][index]);
    expect(evaluation.candidate.answers).toEqual(expected);
    expect(versions.find(({ version }) => version === 2)?.metrics.accuracy).toBe(1);
  });

  it('says what differs between it and the first', async () => {
    const diff = await platform.ask(versionDiff, 'models', 'diff', 'iris', '1', '2');
    expect(diff).toMatchObject({ definition: [], code: [], isSameModel: false, isSameDataset: false });
    expect(diff.dataset).toContainEqual({ field: 'trainRows', a: 60, b: 120 });
    expect(diff.metrics.find(({ metric }) => metric === 'accuracy')).toMatchObject({ b: 1 });
  });

  it('gives every reply a receipt that leads to its data', async () => {
    const flower = { sepal_length: 6, sepal_width: 3, petal_length: 5, petal_width: 2 };
    // A process that has just read what is live counts on that for two seconds.
    const { predictionId } = await eventually('version 2 answers', 10, async () => {
      const answer = await predict('iris', flower);
      return answer.version === 2 ? answer : undefined;
    });
    const receipt = await eventually('the receipt', 90, async () => {
      const { status, body } = await platform.http('GET', `/predictions/${predictionId}`);
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
      return body;
    });
    expect(receipt).toMatchObject({ predictionId, version: 2 });
    expect(JSON.stringify(receipt)).toContain(run.runId.slice(-16));
  });

  it('is rolled back by one command, within the cache time', async () => {
    const began = Date.now();
    const { code } = await platform.cli('models', 'rollback', 'iris', '--why', 'to see it go back');
    expect(code).toBe(0);
    const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
    await eventually('version 1 answers', 6, async () => (await predict('iris', flower)).version === 1);
    expect(Date.now() - began).toBeLessThan(8000);
    const [newest] = await promotionLog('iris');
    expect(newest).toMatchObject({
      action: 'rolled-back',
      championBefore: 2,
      championAfter: 1,
      why: 'to see it go back',
    });
    expect((await platform.cli('models', 'promote', 'iris', '2', '--why', 'it was fine')).code).toBe(0);
  });
});

describe('uploads that must change nothing', () => {
  it('makes one run of the same file uploaded three times', async () => {
    const before = (await runsOf('iris')).length;
    for (const _ of [1, 2, 3])
      expect((await platform.ask(uploaded, 'upload', 'iris', irisFile)).uploaded).toBe(false);
    expect((await runsOf('iris')).length).toBe(before);
  });

  it('makes one run of an event that is delivered three times', async () => {
    const before = await runsOf('iris');
    const source = before.find(({ status }) => status === 'promoted')?.source;
    const event = {
      'detail-type': 'Object Created',
      detail: {
        bucket: { name: source?.bucket },
        object: { key: source?.key, 'version-id': source?.versionId, sequencer: '00FF' },
      },
    };
    const sqs = new SQSClient(platform.client);
    const QueueUrl = await platform.output('IntakeQueueUrl');
    for (const _ of [1, 2, 3])
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event) }));
    await sleep(4000);
    expect((await runsOf('iris')).map(({ runId }) => runId)).toEqual(before.map(({ runId }) => runId));
  });

  it('trains nothing when the same content comes under another name, and says so', async () => {
    const copy = platform.file('copy-of-iris.csv', csv(irisHeader, irisLines));
    const run = await ended((await upload('iris', copy)).runId);
    expectEnd(run, { status: 'reused', version: 2 });
  });

  it('rejects a file with too many broken rows, with line and reason', async () => {
    const broken = irisLines.map((line, index) => (index < 20 ? line.replace(/^[^,]*/, 'wide') : line));
    const run = await ended(
      (await upload('iris', platform.file('broken.csv', csv(irisHeader, broken)))).runId,
    );
    expect(run.status).toBe('rejected');
    const report = await dataReport(run);
    expect(report.verdict).toBe('rejected');
    expect(report.rows.quarantined).toBe(20);
    expect(report.problems[0]).toMatchObject({ line: 2, column: 'sepal_length', rule: 'type' });
    expect((await models('iris')).live.champion?.version).toBe(2);
  });

  it('rejects a file in which one column tells the answer, and counts its copies', async () => {
    const path = platform.file('leaking.csv', leakingFlowers(900, 5));
    const run = await ended((await upload('iris', path)).runId);
    expect(run.status).toBe('rejected');
    expect(run.reason).toMatch(/^petal_width alone tells 100% of what there is to know about species/);
    const report = await dataReport(run);
    expect(report.rows).toMatchObject({ read: 904, duplicates: 4 });
    expect(report.comparedWith).not.toBeNull();
    // The command says the same, and uploads nothing.
    const checked = await platform.cli('data', 'check', 'iris', path, '--out', `${path}-report`);
    expect(checked.code).toBe(5);
    expect(datasetReport.parse(checked.json).reasons).toEqual(report.reasons);
  });

  it('rejects labels that contradict their flowers before anything is trained', async () => {
    const run = await ended((await upload('iris', platform.file('dealt.csv', shuffledLabels(7)))).runId);
    expect(run.status).toBe('rejected');
    expect(run.reason).toMatch(/^labels no longer follow the features/);
    const { states } = shownStates.parse((await platform.cli('runs', 'show', run.runId)).json);
    expect(states.map(({ state }) => state)).toContain('DataRejected');
    expect((await models('iris')).live.champion?.version).toBe(2);
  });

  it('refuses a candidate trained on few rows with shuffled labels, after one try to adjust it', async () => {
    const path = platform.file('shuffled.csv', shuffledLabels(7, 100));
    const run = await ended((await upload('iris', path)).runId);
    expect(run.status).toBe('rejected');
    expect(run.reason).toContain('accuracy');
    const { states } = shownStates.parse((await platform.cli('runs', 'show', run.runId)).json);
    expect(states.map(({ state }) => state).filter((state) => state === 'EvaluateCandidate')).toHaveLength(2);
    expect(states.map(({ state }) => state)).toContain('Tune');
    expect((await models('iris')).live.champion?.version).toBe(2);
  });

  it('ends uploads for unknown models and in unknown formats with a reason in the run list', async () => {
    const s3 = new S3Client(platform.client);
    const Bucket = await platform.output('DataBucket');
    await s3.send(new PutObjectCommand({ Bucket, Key: 'incoming/nobody/a b+c.csv', Body: 'x' }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'incoming/iris/picture.png', Body: 'x' }));
    const refused = await eventually('both refusals', 20, async () => {
      const { runs } = await platform.ask(runList, 'runs', 'list', '--limit', '50');
      const found = runs.filter(({ status }) => status === 'refused');
      return found.length === 2 ? found : undefined;
    });
    expect(refused.map(({ reason }) => reason).join(' ')).toMatch(/nobody.*deployed are/);
    expect(refused.map(({ reason }) => reason).join(' ')).toMatch(/picture\.png.*csv, parquet, jsonl/);
  });
});

describe('a candidate that goes wrong in traffic', () => {
  async function canaryOf(version: number, file: string, content: string): Promise<Run> {
    const run = await upload('moody', platform.file(file, content));
    await eventually(
      'the canary begins',
      60,
      async () => (await models('moody')).live.candidate?.version === version,
    );
    return run;
  }

  async function expectWithdrawn(run: Run, version: number, who: RegExp) {
    expectEnd(await ended(run.runId), { status: 'rolled-back', version });
    expect((await models('moody')).live).toMatchObject({ champion: { version: 1 }, candidate: null });
    const entries = await promotionLog('moody');
    const withdrawn = entries.find(
      (entry) => entry.action === 'candidate-withdrawn' && entry.version === version,
    );
    expect(withdrawn?.who).toMatch(who);
  }

  const far = () => ({ x: 95, mood: 0 });
  const isWithdrawn = async () => (await models('moody')).live.candidate === null;

  it('starts from a healthy champion, whose rows came as JSON lines and whose job waited for a machine twice', async () => {
    const run = await ended(
      (await upload('moody', platform.file('calm.jsonl', jsonLines(moodyRows(0, 60, 1))))).runId,
    );
    expectEnd(run, { status: 'promoted', version: 1 });
    const { states } = z
      .object({ states: z.array(z.object({ part: z.string(), state: z.string() })) })
      .parse((await platform.cli('runs', 'show', run.runId)).json);
    expect(states.filter(({ part, state }) => `${part} ${state}` === 'training AwaitCapacity')).toHaveLength(
      2,
    );
    expect((await predict('moody', { x: 95, mood: 0 })).predictions).toEqual([
      expect.objectContaining({ label: 'right' }),
    ]);
  });

  it('is taken out when its answers fail, and no caller notices', async () => {
    const run = await canaryOf(2, 'failing.csv', moodyRows(1, 60, 2));
    const { versions, failures } = await traffic('moody', far, isWithdrawn);
    expect(failures).toEqual([]);
    expect(new Set(versions)).toEqual(new Set([1]));
    // The judge looks every four seconds; the alarm may be faster.
    await expectWithdrawn(run, 2, /^(run|alarm):/);
  });

  it('is taken out by the alarm alone when its answers fail', async () => {
    // With this bake time the judge looks every 30 seconds: an alarm period and its evaluation are over before.
    await bakeFor(600);
    // An alarm that rings already for the candidate before cannot ring again.
    await isQuiet('evergreen-local-moody-candidate-errors');
    const run = await canaryOf(3, 'failing-again.csv', moodyRows(1, 60, 3));
    const { failures } = await traffic('moody', far, isWithdrawn);
    expect(failures).toEqual([]);
    await expectWithdrawn(run, 3, /^alarm:evergreen-local-moody-candidate-errors$/);
  }, 300_000);

  it('is taken out by the alarm alone when its answers come late', async () => {
    const run = await canaryOf(4, 'slow.csv', moodyRows(2, 60, 4));
    const { failures } = await traffic('moody', far, isWithdrawn);
    expect(failures).toEqual([]);
    await expectWithdrawn(run, 4, /^alarm:evergreen-local-moody-candidate-latency$/);
  }, 300_000);

  it('is taken out by the judge when it answers a constant with status 200', async () => {
    await bakeFor(60);
    await isQuiet('evergreen-local-moody-candidate-latency');
    const run = await canaryOf(5, 'constant.csv', moodyRows(3, 60, 5));
    const mixed = () => ({ x: Math.random() < 0.5 ? 10 : 95, mood: 0 });
    const { failures } = await traffic('moody', mixed, isWithdrawn);
    expect(failures).toEqual([]);
    await expectWithdrawn(run, 5, /^run:/);
    const withdrawn = (await promotionLog('moody')).find(({ action }) => action === 'candidate-withdrawn');
    expect(withdrawn?.why).toMatch(/rows were answered by left|stability index/);
    expect(withdrawn?.details).toMatchObject({ verdict: 'roll-back', checks: expect.any(Array) });
  }, 300_000);

  afterAll(() => bakeFor(bakeSeconds));
});

describe('traffic that is not what the model was trained on', () => {
  it('raises the drift alarm, and the alarm asks for a retrain', async () => {
    const random = irisRows.map((flower) => ({
      ...featuresOf(flower),
      petal_length: flower.petal_length + 4,
    }));
    const ids: string[] = [];
    for (const row of random) ids.push((await predict('iris', row)).predictionId);
    const labels = ids.map((predictionId, index) => ({
      predictionId,
      row: 0,
      label: irisRows[index]?.species,
    }));
    const feedback = await platform.http('POST', '/models/iris/feedback', { feedback: labels });
    expect(feedback.status).toBe(202);

    const drift = await eventually('drift is seen', 40, async () => {
      const { report } = await platform.ask(measured, 'drift', 'iris', '--now');
      return report.verdict === 'drifted' ? report : undefined;
    });
    const drifted = drift.features.filter(({ verdict }) => verdict === 'drifted').map(({ name }) => name);
    expect(drifted).toContain('petal_length');
    expect(drift.explanations.map(({ feature }) => feature)).toEqual(drifted);
    // Of 30 held-out rows none was answered wrongly; a linear SVC has no scores to estimate from.
    expect(drift.estimate).toMatchObject({ verdict: 'not trusted', accuracy: null });
    expect(drift.attributions?.reason).not.toMatch(/cannot be explained|without/);
    const page = platform.file('drift.html', '');
    const figures = platform.file('drift.prom', '');
    expect((await platform.cli('drift', 'iris', '--page', page, '--prometheus', figures)).code).toBe(0);
    expect(readFileSync(page, 'utf8')).toContain('What changed, and when');
    expect(readFileSync(figures, 'utf8')).toMatch(/^evergreen_drifted_features\{model="iris"\} [1-4]$/m);
    const retrain = await eventually('a retrain run', 60, async () =>
      (await runsOf('iris')).find(({ trigger }) => trigger.kind === 'retrain'),
    );
    expect(retrain.trigger.reason).toContain('drift');
    const end = await ended(retrain.runId);
    // The quality alarm may roll back in the same moment, which a retrain that began before does not undo (F33).
    const isLate = end.status === 'superseded' && /was rolled back to version \d/.test(end.reason);
    expect(isLate ? 'promoted' : end.status, end.reason).toMatch(/^(promoted|rejected|rolled-back)$/);
    expect(end.datasetId).not.toBeNull();
  });

  it('says "not enough data" when there is not enough', async () => {
    const { code, json } = await platform.cli('drift', 'guarded', '--now');
    expect(code).toBe(0);
    expect(JSON.stringify(json)).toContain('not enough data');
  });
});

describe('an alarm that is delivered twice', () => {
  it('acts once', async () => {
    if ((await models('iris')).live.previous === null) {
      await platform.ask(z.unknown(), 'models', 'promote', 'iris', '2', '--why', 'to have one before it');
    }
    const { live } = await models('iris');
    const previous = live.previous?.version;
    expect(previous).toBeDefined();
    const alarm = { model: 'iris', symptom: 'champion-errors', at: new Date() } as const;
    await sendAlarms(platform, [alarm, alarm]);
    await eventually(
      'the rollback',
      20,
      async () => (await models('iris')).live.champion?.version === previous,
    );
    await sleep(3000);
    const acted = (await promotionLog('iris')).filter(
      ({ action, who }) => action === 'rolled-back' && who === 'alarm:evergreen-local-iris-champion-errors',
    );
    expect(acted).toHaveLength(1);
    expect((await models('iris')).live.champion?.version).toBe(previous);
  });
});

describe('a function without one of its grants', () => {
  it('is refused, and works again with it', async () => {
    const iam = new IAMClient(platform.client);
    const RoleName = await platform.roleOf('MeasureDrift');
    const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    const policies = await Promise.all(
      PolicyNames.map((PolicyName) => iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))),
    );
    for (const PolicyName of PolicyNames)
      await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
    const refused = await platform.cli('drift', 'iris', '--now');
    expect(refused.code).not.toBe(0);
    expect(JSON.stringify(refused.json)).toMatch(/not authorized to perform|AccessDenied/);

    for (const { PolicyName, PolicyDocument = '' } of policies) {
      const document = decodeURIComponent(PolicyDocument);
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: document }));
    }
    expect((await platform.cli('drift', 'iris', '--now')).code).toBe(0);
  });
});

describe('a model that a person has to approve', () => {
  async function isWaiting(runId: string): Promise<void> {
    await eventually(`run ${runId} waits for a person`, 60, async () =>
      (await runsOf('guarded')).find((run) => run.runId === runId && run.status === 'waiting-for-approval'),
    );
  }

  let first: Run;

  it('waits, its rows having come as Parquet', async () => {
    const file = await parquetOf(platform.file('prices.csv', guardedRows(200, 1)));
    first = await upload('guarded', file);
    await isWaiting(first.runId);
    expect((await models('guarded')).live.champion).toBeNull();
  });

  it('keeps later uploads waiting, of which the newest supersedes the others', async () => {
    const waiting: string[] = [];
    for (const seed of [2, 3, 4]) {
      const path = platform.file(`prices-${seed}.csv`, guardedRows(200, seed));
      waiting.push((await upload('guarded', path)).runId);
    }
    const states = async () => {
      const runs = await runsOf('guarded');
      return waiting.map((runId) => runs.find((run) => run.runId === runId)?.status);
    };
    await eventually('two are superseded', 20, async () => {
      return JSON.stringify(await states()) === '["superseded","superseded","queued"]';
    });
    expect((await runsOf('guarded')).find(({ runId }) => runId === waiting[1])?.reason).toContain('newer');
    const newest = waiting[2] ?? '';

    const { code } = await platform.cli('models', 'approve', first.runId, '--why', 'looks right');
    expect(code).toBe(0);
    const end = await ended(first.runId);
    const entries = await promotionLog('guarded');
    expect(entries.find(({ action }) => action === 'approved')).toMatchObject({
      version: 1,
      why: 'looks right',
    });
    expect(entries.find(({ action }) => action === 'promoted')?.why).toMatch(
      /; approved by \S+: looks right$/,
    );
    expectEnd(end, { status: 'promoted', version: 1 });
    const { status, body } = await platform.http('POST', '/models/guarded/predict', {
      rows: [
        { area: 100, district: null },
        { area: 100, district: 'south' },
      ],
    });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { predictions: [{ value: expect.any(Number) }, { value: expect.any(Number) }] },
    });
    // The definition fills a missing district with south, in training and here.
    const { predictions } = z.object({ predictions: z.array(z.object({ value: z.number() })) }).parse(body);
    expect(predictions[0]).toEqual(predictions[1]);

    await isWaiting(newest);
    const next = (await runsOf('guarded')).find(({ runId }) => runId === newest);
    expect(Date.parse(next?.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(end.endedAt ?? ''));
    expect((await platform.cli('models', 'reject', newest, '--why', 'not now')).code).toBe(0);
    const refused = await ended(newest);
    expect(refused.status).toBe('rejected');
    expect(refused.reason).toContain('not now');
    expect((await models('guarded')).live.champion?.version).toBe(1);
  });
});

describe('a version served without AWS', () => {
  const rows = irisRows.slice(0, 30).map(featuresOf);

  async function answersOf(url: string): Promise<unknown> {
    const reply = await fetch(`${url}/models/iris/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows }),
    });
    expect(reply.status).toBe(200);
    const { version, predictions } = z
      .looseObject({ version: z.int(), predictions: z.array(z.unknown()) })
      .parse(await reply.json());
    return { version, predictions };
  }

  it('answers from an export, and from the registry, as the API does', async () => {
    const { body } = await platform.http('POST', '/models/iris/predict', { rows });
    const folder = platform.file('exported', '').replace(/exported$/, 'an-export');
    expect((await platform.cli('export', 'iris', '--out', folder)).code).toBe(0);
    for (const from of [['--models', folder], []]) {
      const server = await platform.serve(...from);
      expect(body).toMatchObject((await answersOf(server.url)) as object);
      expect(await server.stop()).toBe(0);
    }
  });
});

describe('the engine started again', () => {
  it('answers as before', async () => {
    const rows = irisRows.slice(0, 30).map(featuresOf);
    const path = platform.file('rows.json', JSON.stringify(rows));
    const before = await platform.ask(answers, 'predict', 'iris', '--file', path);
    const state = await models('iris');
    await platform.cli('down');
    expect((await platform.cli('up', '--port', String(platform.port), '--auth')).code).toBe(0);
    const after = await platform.ask(answers, 'predict', 'iris', '--file', path);
    expect(after.replies.map(({ predictions }) => predictions)).toEqual(
      before.replies.map(({ predictions }) => predictions),
    );
    expect(await models('iris')).toEqual(state);
  });
});
