import { gunzipSync } from 'node:zlib';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DescribeTrainingJobCommand,
  ListTrainingJobsCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Run } from '../../lib/intake/run.ts';
import { pickFromTar } from '../../lib/shared/tar.ts';
import { trainingRecord } from '../../lib/training/model-package.ts';
import { runList, uploaded, versionList, watched } from './documents.ts';
import { eventually, Platform } from './platform.ts';
import { csv, jsonLines, randomNumbers } from './rows.ts';

/* Two parties that train together, with IAM checks on. The tests tell one story and run in order. */

const platform = new Platform();

beforeAll(() => platform.start({ bakeSeconds: 1, auth: true, models: 'federated-models' }), 400_000);
afterAll(() => platform.stop());

/** Fields between two amounts of rain: more than 50 mm, or 30 mm on clay, make a good harvest. */
function fields(count: number, seed: number, [least, greatest]: [number, number]): string {
  const random = randomNumbers(seed);
  const lines = Array.from({ length: count }, () => {
    const rain = least + random() * (greatest - least);
    const soil = random() < 0.5 ? 'clay' : 'sand';
    return `${rain.toFixed(6)},${soil},${rain > (soil === 'clay' ? 30 : 50) ? 'good' : 'poor'}`;
  });
  return csv('rain,soil,harvest', lines);
}

/** Each party has seen one side of the weather: neither could know the other's. */
const north = fields(120, 1, [30, 100]);
const south = fields(60, 2, [0, 50]);
const reference = (seed: number) => fields(120, seed, [0, 100]);

async function uploadFor(party: string, path: string): Promise<string> {
  const answer = z.object({ key: z.string(), run: z.null() });
  return (await platform.ask(answer, 'upload', 'yields', path, '--party', party)).key;
}

async function begin(name: string, seed: number): Promise<Run> {
  const { run } = await platform.ask(uploaded, 'upload', 'yields', platform.file(name, reference(seed)));
  if (!run) throw new Error('the upload began no run');
  return run;
}

async function ended(runId: string): Promise<Run> {
  const { json } = await platform.cli('runs', 'watch', runId);
  return watched.parse(json).run;
}

async function jobsOf(prefix: string) {
  const sagemaker = new SageMakerClient(platform.client);
  const { TrainingJobSummaries = [] } = await sagemaker.send(
    new ListTrainingJobsCommand({ NameContains: prefix, MaxResults: 100 }),
  );
  return Promise.all(
    TrainingJobSummaries.map(({ TrainingJobName }) =>
      sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName })),
    ),
  );
}

/** The party's jobs that were done. */
const partyJobs = async (party: string) =>
  (await jobsOf(`-${party}-n`)).filter(({ TrainingJobStatus }) => TrainingJobStatus === 'Completed');

async function modelFile(key: string): Promise<Uint8Array> {
  const request = new GetObjectCommand({ Bucket: await platform.output('ModelBucket'), Key: key });
  const { Body } = await new S3Client(platform.client).send(request);
  return (await Body?.transformToByteArray()) ?? new Uint8Array();
}

/** A file of the first version. */
async function packageFile(name: string): Promise<Uint8Array> {
  const { versions } = await platform.ask(versionList, 'models', 'list', 'yields');
  return modelFile(`${versions.find(({ version }) => version === 1)?.packagePrefix}${name}`);
}

const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

const championOf = async () =>
  (await platform.ask(versionList, 'models', 'list', 'yields')).live.champion?.version;

describe('a federation', () => {
  let run: Run;

  it('refuses rows for a party that the model does not have', async () => {
    const answer = await platform.cli('upload', 'yields', platform.file('a.csv', north), '--party', 'east');
    expect(answer).toMatchObject({
      code: 2,
      json: { error: { message: 'east is no party of yields; its parties are: north, south' } },
    });
    const waiting = await platform.cli(
      ...['upload', 'yields', platform.file('a.csv', north), '--party', 'north', '--wait'],
    );
    expect(waiting).toMatchObject({ code: 2, json: { error: { code: 'usage-invalid' } } });
  });

  it('says which party has no rows', async () => {
    await uploadFor('north', platform.file('north.csv', north));
    const failed = await ended((await begin('first.csv', 3)).runId);
    expect(failed.status).toBe('failed');
    expect(failed.reason).toMatch(
      /No S3 objects found under S3 URL "s3:\/\/[^"]*\/parties\/yields\/south\/"/,
    );
  });

  it('becomes a served version, made of the rows of both', async () => {
    await uploadFor('south', platform.file('south.jsonl', jsonLines(south)));
    run = await ended((await begin('second.csv', 4)).runId);
    expect(run, run.reason).toMatchObject({ status: 'promoted', version: 1 });
    const rows = [
      { rain: 90, soil: 'sand' },
      { rain: 5, soil: 'clay' },
    ];
    const { status, body } = await platform.http('POST', '/models/yields/predict', { rows });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { version: 1, predictions: [{ label: 'good' }, { label: 'poor' }] },
    });
  });

  it('records its parties, their rows and its rounds', async () => {
    const record = trainingRecord.parse(JSON.parse(textOf(await packageFile('training.json'))));
    expect(record.federation).toEqual({
      parties: [
        { name: 'north', rows: 120 },
        { name: 'south', rows: 60 },
      ],
      rounds: 2,
      localEpochs: 5,
    });
  });

  it('is the mean of what the parties left in the last round, weighted by their rows', async () => {
    const updates = await Promise.all(
      ['north', 'south'].map(async (party) => {
        const job = (await partyJobs(party)).find(({ TrainingJobName }) => TrainingJobName?.includes('-n2-'));
        const [, key = ''] = job?.ModelArtifacts?.S3ModelArtifacts?.split(/(?<=^s3:\/\/[^/]+)\//) ?? [];
        const left = pickFromTar(gunzipSync(await modelFile(key)), [
          'update.json',
          'model.onnx',
          'golden.json',
        ]);
        expect([...left.keys()]).toEqual(['update.json']);
        const update = JSON.parse(textOf(left.get('update.json')));
        return z.object({ rows: z.int(), weights: z.array(z.number()) }).parse(update);
      }),
    );
    const mean = (place: number) =>
      updates.reduce((sum, { rows, weights }) => sum + rows * (weights[place] ?? Number.NaN), 0) / 180;
    const layer = z.object({ weights: z.array(z.array(z.number())), intercepts: z.array(z.number()) });
    const state = z.object({ layers: z.array(layer) });
    const { layers } = state.parse(JSON.parse(textOf(await packageFile('state.json'))));
    const served = layers.flatMap(({ weights, intercepts }) => [...weights.flat(), ...intercepts]);
    // Rain, clay, sand, and the intercept.
    expect(served).toHaveLength(4);
    for (const [place, weight] of served.entries()) expect(weight).toBeCloseTo(mean(place), 12);
    expect(updates[0]?.weights[0]).not.toBeCloseTo(served[0] ?? Number.NaN, 3);
  });

  it('trains again on the same reference rows, for the parties may have others by now', async () => {
    const path = platform.file('second.csv', reference(4));
    const { run: again } = await platform.ask(uploaded, 'upload', 'yields', path, '--force');
    expect(await ended(again?.runId ?? '')).toMatchObject({ status: 'promoted', version: 2 });
    // Intake has heard of none of the parties' files.
    const { runs } = await platform.ask(runList, 'runs', 'list');
    expect(runs.map(({ status }) => status)).toEqual(['promoted', 'promoted', 'failed']);
    for (const { source } of runs) expect(source?.key).toMatch(/^incoming\/yields\//);
  });
});

describe('a role of a party', () => {
  /** S3 as SageMaker gives it to a job of the role. */
  async function s3As(party: string): Promise<S3Client> {
    const jobs = await partyJobs(party);
    const { Credentials } = await new STSClient(platform.client).send(
      new AssumeRoleCommand({ RoleArn: jobs[0]?.RoleArn, RoleSessionName: 'SageMaker' }),
    );
    return new S3Client({
      ...platform.client,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
      },
    });
  }

  const denied = expect.objectContaining({ name: 'AccessDenied' });

  it('reads the rows of its party and no others', async () => {
    const [s3, Bucket] = [await s3As('north'), await platform.output('DataBucket')];
    const keysOf = async (client: S3Client, Prefix: string) =>
      ((await client.send(new ListObjectsV2Command({ Bucket, Prefix }))).Contents ?? []).map(
        ({ Key }) => Key,
      );
    const all = new S3Client(platform.client);
    const [own = ''] = await keysOf(s3, 'parties/yields/north/');
    expect(own).toMatch(/north\.csv$/);
    const read = await s3.send(new GetObjectCommand({ Bucket, Key: own }));
    expect(await read.Body?.transformToString()).toBe(north);

    const others = [
      ...(await keysOf(all, 'parties/yields/south/')),
      ...(await keysOf(all, 'incoming/yields/')),
      ...(await keysOf(all, 'datasets/yields/')),
    ];
    expect(others.length).toBeGreaterThan(5);
    for (const Key of others) {
      await expect(s3.send(new GetObjectCommand({ Bucket, Key })), Key).rejects.toEqual(denied);
    }
    for (const Prefix of ['parties/yields/south/', 'parties/yields/', 'parties/', '', 'datasets/yields/']) {
      await expect(keysOf(s3, Prefix), Prefix).rejects.toEqual(denied);
    }
  });

  it('writes updates of its party alone, and reads no update at all', async () => {
    const [s3, Bucket] = [await s3As('north'), await platform.output('ModelBucket')];
    const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    await put('federated/updates/yields/north/mine');
    for (const Key of [
      'federated/updates/yields/south/not-mine',
      'federated/rounds/yields/run/1/weights.json',
      'federated/results/yields/run/federation.json',
      'jobs/evergreen-x/output/model.tar.gz',
      'packages/yields/x/model.onnx',
    ]) {
      await expect(put(Key), Key).rejects.toEqual(denied);
    }
    const rows = new PutObjectCommand({
      Bucket: await platform.output('DataBucket'),
      Key: 'parties/yields/north/more.csv',
      Body: 'x',
    });
    await expect(s3.send(rows)).rejects.toEqual(denied);
    for (const party of ['north', 'south']) {
      const [job] = await partyJobs(party);
      const Key = job?.ModelArtifacts?.S3ModelArtifacts?.replace(`s3://${Bucket}/`, '');
      await expect(s3.send(new GetObjectCommand({ Bucket, Key })), Key).rejects.toEqual(denied);
    }
  });

  it('is the one that each round trained as', async () => {
    const [jobs, others] = [await partyJobs('north'), await partyJobs('south')];
    const roles = (of: typeof jobs) => new Set(of.map(({ RoleArn }) => RoleArn));
    expect(roles(jobs).size).toBe(1);
    expect(roles(others).size).toBe(1);
    expect(roles(jobs)).not.toEqual(roles(others));
  });
});

describe('a run that cannot go on', () => {
  it('tells which rows of a party do not fit, and none of their values', async () => {
    const broken = csv(
      'rain,soil,harvest',
      Array.from({ length: 30 }, () => '123.456,clay,good'),
    );
    const Key = await uploadFor('south', platform.file('broken.csv', broken));
    const failed = await ended((await begin('third.csv', 5)).runId);
    expect(failed.status).toBe('failed');
    expect(failed.reason).toMatch(
      /party south: 30 of 90 rows do not fit the definition, .*: \w+-broken\.csv, line 2: rain is above 100;/,
    );
    expect(failed.reason).not.toContain('123.456');
    expect(await championOf()).toBe(2);
    const Bucket = await platform.output('DataBucket');
    await new S3Client(platform.client).send(new DeleteObjectCommand({ Bucket, Key }));
  });

  it('stops its inner execution and their jobs when it is stopped', async () => {
    const sfn = new SFNClient(platform.client);
    const run = await begin('fourth.csv', 6);
    const stateMachineArn = await platform.output('TrainingArn');
    const inner = await eventually('parties train', 30, async () => {
      const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
      return executions.find(({ name, status }) => name?.startsWith(run.runId) && status === 'RUNNING');
    });
    const stem = `evergreen-${run.runId.slice(-16)}`;
    await eventually('a job runs', 30, async () =>
      (await jobsOf(stem)).some(({ TrainingJobStatus }) => TrainingJobStatus === 'InProgress'),
    );
    const outer = `${(await platform.output('PipelineArn')).replace(':stateMachine:', ':execution:')}:${run.runId}`;
    await sfn.send(new StopExecutionCommand({ executionArn: outer }));
    expect((await ended(run.runId)).status).toBe('aborted');
    const stopped = await eventually('the training ends', 30, async () => {
      const found = await sfn.send(new DescribeExecutionCommand({ executionArn: inner.executionArn }));
      return found.status === 'RUNNING' ? undefined : found.status;
    });
    expect(stopped).toBe('ABORTED');
    const jobs = await eventually('its jobs end', 30, async () => {
      const found = await jobsOf(stem);
      return found.length > 0 && found.every((job) => job.TrainingJobStatus !== 'InProgress') && found;
    });
    expect(new Set(jobs.map(({ TrainingJobStatus }) => TrainingJobStatus))).toContain('Stopped');
  });
});
