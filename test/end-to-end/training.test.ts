import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudWatchLogsClient, DescribeLogStreamsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { quantisationEvaluation } from '../../lib/evaluation/evaluation.ts';
import type { Run } from '../../lib/intake/run.ts';
import { goldenAnswers, trainingRecord } from '../../lib/training/model-package.ts';
import { tuningReport } from '../../lib/training/tuning-report.ts';
import { measured, runList, uploaded, versionList, watched } from './documents.ts';
import { eventually, Platform } from './platform.ts';
import { csv, randomNumbers } from './rows.ts';

/* Ways to train, each through the whole pipeline. The first runs of all models go at the same time. */

const platform = new Platform();
const random = randomNumbers(7);
const between = (low: number, high: number) => low + random() * (high - low);
const pick = (...words: string[]) => words[Math.floor(random() * words.length)] ?? '';
const times = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i));

/** Rain of a dry year, in which the river is high from 50 mm on; with noise, so that there is more to learn. */
const dryYear = () => between(0, 100);
const stageOf = (rain: number) => (rain > 50 ? 'high' : 'low');

const files: Record<string, string> = {
  blobs: csv(
    'x,y,side',
    times(90, (i) => {
      const side = i % 2 === 0 ? -1 : 1;
      const [x, y] = [side * 0.6 + between(-1, 1), between(-1, 1)];
      return `${x.toFixed(3)},${y.toFixed(3)},${side < 0 ? 'left' : 'right'}`;
    }),
  ),
  notes: csv(
    'note,topic',
    times(80, (i) => {
      const said = `${pick('please', 'hello', 'again')} ${pick('my', 'the', 'our')}`;
      return i % 2 === 0
        ? `${said} ${pick('invoice', 'bill', 'payment')} is ${pick('wrong', 'too high', 'late')} no ${i},invoice`
        : `${said} ${pick('parcel', 'delivery', 'driver')} is ${pick('lost', 'broken', 'late')} no ${i},delivery`;
    }),
  ),
  sums: csv(
    'a,b,sum',
    times(120, () => {
      const [a, b] = [between(-5, 5), between(-5, 5)];
      return `${a.toFixed(3)},${b.toFixed(3)},${(2 * a + b + between(-0.1, 0.1)).toFixed(3)}`;
    }),
  ),
  rivers: csv(
    'rain,stage',
    times(120, () => {
      const rain = dryYear();
      return `${rain.toFixed(2)},${stageOf(rain)}`;
    }),
  ),
  wages: csv(
    'years,leads,wage',
    times(400, () => {
      const [years, leads] = [between(0, 40), random() < 0.3];
      const isAbove = years + (leads ? 15 : 0) + between(-3, 3) > 25;
      return `${years.toFixed(2)},${leads},${isAbove ? 'above' : 'below'}`;
    }),
  ),
  films: csv(
    'person,film',
    times(160, (i) => {
      const isChild = i % 2 === 0;
      return `${isChild ? 'child' : 'adult'}${i % 16},${isChild ? pick('heidi', 'bambi') : pick('alien', 'brazil')}`;
    }),
  ),
  rings: csv(
    'x,y,place',
    times(300, () => {
      const [x, y] = [between(-1.5, 1.5), between(-1.5, 1.5)];
      return `${x.toFixed(3)},${y.toFixed(3)},${Math.hypot(x, y) < 1 ? 'inside' : 'outside'}`;
    }),
  ),
  hills: csv(
    'east,north,height',
    times(300, () => {
      const [east, north] = [between(-2, 2), between(-2, 2)];
      return `${east.toFixed(3)},${north.toFixed(3)},${(300 * Math.sin(east) + 100 * north).toFixed(2)}`;
    }),
  ),
};

async function ended(runId: string): Promise<Run> {
  const { json } = await platform.cli('runs', 'watch', runId);
  return watched.parse(json).run;
}

async function uploadAndWait(model: string): Promise<Run> {
  const path = platform.file(`${model}.csv`, files[model] ?? '');
  const { run } = await platform.ask(uploaded, 'upload', model, path);
  if (!run) throw new Error(`upload of ${path} began no run`);
  return ended(run.runId);
}

const first: Record<string, Run> = {};

beforeAll(async () => {
  await platform.start({ bakeSeconds: 2, auth: true, models: 'models-training' });
  const runs = await Promise.all(Object.keys(files).map(uploadAndWait));
  for (const run of runs) first[run.model] = run;
}, 400_000);
afterAll(() => platform.stop());

const replies = z.object({
  replies: z.array(
    z.object({
      predictionId: z.string(),
      version: z.int(),
      predictions: z.array(
        z.object({
          label: z.string().optional(),
          value: z.number().optional(),
          scores: z.record(z.string(), z.number()).optional(),
        }),
      ),
    }),
  ),
});

/** What a model answers to rows, as the command shows it. */
async function predict(model: string, rows: object[]) {
  const path = platform.file(`${model}-rows.json`, JSON.stringify(rows));
  return (await platform.ask(replies, 'predict', model, '--file', path)).replies;
}

/** The training record in the package of a version. */
async function recordOf(model: string, version: number) {
  const { versions } = await platform.ask(versionList, 'models', 'list', model);
  const prefix = versions.find((each) => each.version === version)?.packagePrefix;
  return trainingRecord.parse(JSON.parse(await packageFile(`${prefix}training.json`)));
}

async function packageFile(Key: string): Promise<string> {
  const Bucket = await platform.output('ModelBucket');
  const { Body } = await new S3Client(platform.client).send(new GetObjectCommand({ Bucket, Key }));
  return (await Body?.transformToString()) ?? '';
}

function expectPromoted(model: string): Run {
  const run = first[model];
  expect(run, run?.reason).toMatchObject({ model, status: 'promoted', version: 1 });
  return run as Run;
}

describe('a Bayesian search', () => {
  it('leaves its best trial, all others and what mattered with the run', async () => {
    const { runId } = expectPromoted('blobs');
    const { tuning } = await platform.ask(z.object({ tuning: tuningReport }), 'runs', 'show', runId);
    expect(tuning.strategy).toBe('bayesian');
    expect(tuning.trials).toHaveLength(6);
    const scores = tuning.trials.map(({ objective }) => objective ?? 0);
    expect(tuning.best?.objective).toBe(Math.max(...scores));
    for (const { hyperparameters, status } of tuning.trials) {
      expect(status).toBe('completed');
      expect(hyperparameters.C).toBeGreaterThanOrEqual(0.01);
      expect(hyperparameters.C).toBeLessThanOrEqual(100);
    }
    expect(Object.keys(tuning.importance.shares ?? {}).sort()).toEqual(['C', 'kernel']);
    const { hyperparameters } = await recordOf('blobs', 1);
    expect(hyperparameters).toMatchObject(tuning.best?.hyperparameters ?? {});
  });
});

describe('a text classifier', () => {
  it('answers a text it has never seen with a label', async () => {
    expectPromoted('notes');
    const [reply] = await predict('notes', [
      { note: 'Hello, the PAYMENT is too high!' },
      { note: 'again our parcel is broken' },
    ]);
    expect(reply?.predictions.map(({ label }) => label)).toEqual(['invoice', 'delivery']);
  });
});

describe('gradient descent on two instances', () => {
  it('trains one model, whose learning curve is in the package', async () => {
    expectPromoted('sums');
    const { versions } = await platform.ask(versionList, 'models', 'list', 'sums');
    const { logStreams = [] } = await new CloudWatchLogsClient(platform.client).send(
      new DescribeLogStreamsCommand({
        logGroupName: '/aws/sagemaker/TrainingJobs',
        logStreamNamePrefix: versions[0]?.lineage.trainingJobName,
      }),
    );
    const hosts = logStreams.map(({ logStreamName }) => logStreamName?.match(/algo-\d+/)?.[0]);
    expect(hosts.sort()).toEqual(['algo-1', 'algo-2']);
    const { learningCurve, algorithm } = await recordOf('sums', 1);
    expect(algorithm).toBe('gradient-descent');
    const losses = learningCurve?.points.map(({ trainLoss }) => trainLoss) ?? [];
    expect(losses.length).toBeGreaterThan(5);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
    const [reply] = await predict('sums', [{ a: 2, b: 1 }]);
    expect(reply?.predictions[0]?.value).toBeCloseTo(5, 0);
  });
});

describe('private training', () => {
  it('is served, and says in its package and its card what it spent and what that cost', async () => {
    expectPromoted('wages');
    const [reply] = await predict('wages', [
      { years: 38, leads: true },
      { years: 2, leads: false },
    ]);
    expect(reply?.predictions.map(({ label }) => label)).toEqual(['above', 'below']);
    const { privacy, learningCurve } = await recordOf('wages', 1);
    expect(privacy).toMatchObject({ epsilon: 4, delta: 1e-5, clipNorm: 1 });
    expect(privacy?.noiseMultiplier).toBeGreaterThan(0.3);
    expect(privacy?.scoreByEpsilon.map(({ epsilon }) => epsilon)).toEqual([1, 2, 4, 8, 16, null]);
    expect(learningCurve).toBeUndefined();
    const folder = platform.file('card', '').replace(/card$/, 'wages-card');
    expect((await platform.cli('models', 'card', 'wages', '--out', folder)).code).toBe(0);
    expect(readFileSync(join(folder, 'card.html'), 'utf8')).toContain('What privacy costs');
  });
});

describe('8-bit weights', () => {
  const shown = z.object({
    modelDigest: z.string(),
    packagePrefix: z.string(),
    quantisation: quantisationEvaluation,
  });

  it('serve where they lose no more than the definition allows, with golden answers of their own', async () => {
    expectPromoted('rings');
    const { quantisation, modelDigest, packagePrefix } = await platform.ask(shown, 'models', 'show', 'rings');
    expect(quantisation).toMatchObject({ verdict: 'served', metric: 'accuracy', mostLoss: 0.05 });
    expect(quantisation.loss).toBeLessThanOrEqual(0.05);
    expect(quantisation.quantised?.bytes).toBeLessThan(quantisation.full.bytes / 2);
    expect(modelDigest).toBe(quantisation.quantised?.modelDigest);
    const golden = await packageFile(`${packagePrefix}golden.json`);
    expect(goldenAnswers.parse(JSON.parse(golden)).tolerance).toBeCloseTo(1e-3, 6);
    const [reply] = await predict('rings', [
      { x: 0.1, y: 0.2 },
      { x: 1.3, y: -1.2 },
    ]);
    expect(reply?.predictions.map(({ label }) => label)).toEqual(['inside', 'outside']);
    const { code } = await platform.cli('explain', 'rings', '--row', '{"x":0.1,"y":0.2}');
    expect(code).toBe(0);
  });

  it('do not serve where they lose more, and the version says by how much', async () => {
    expectPromoted('hills');
    const { quantisation, modelDigest } = await platform.ask(shown, 'models', 'show', 'hills');
    expect(quantisation).toMatchObject({ verdict: 'refused', metric: 'rmse', mostLoss: 0 });
    expect(quantisation.loss).toBeGreaterThan(0);
    expect(quantisation.interval?.high).toBeGreaterThan(quantisation.loss ?? 0);
    expect(modelDigest).toBe(quantisation.full.modelDigest);
    expect(quantisation.reason).toContain('at most 0 is allowed, so the full file is served');
    const [reply] = await predict('hills', [{ east: 0, north: 1 }]);
    expect(Math.abs((reply?.predictions[0]?.value ?? 0) - 100)).toBeLessThan(60);
  });
});

describe('a ranking', () => {
  it('puts first what people of the same taste watched, and ranks everything', async () => {
    expectPromoted('films');
    const [reply] = await predict('films', [{ person: 'child2' }, { person: 'adult3' }]);
    const [child, adult] = reply?.predictions ?? [];
    expect(['heidi', 'bambi']).toContain(child?.label);
    expect(['alien', 'brazil']).toContain(adult?.label);
    expect(Object.keys(adult?.scores ?? {}).sort()).toEqual(['alien', 'bambi', 'brazil', 'heidi']);
  });
});

describe('a model that learns on', () => {
  it('goes on from its champion with the labels that callers sent', async () => {
    expectPromoted('rivers');
    const rain = times(40, () => between(100, 400).toFixed(2)).map(Number);
    const asked = await predict(
      'rivers',
      rain.map((each) => ({ rain: each })),
    );
    const labels = asked.flatMap(({ predictionId, predictions }) =>
      predictions.map((_, row) => ({ predictionId, row, label: 'high' })),
    );
    expect(labels).toHaveLength(rain.length);
    const path = platform.file('labels.json', JSON.stringify(labels));
    const told = z.looseObject({ accepted: z.int() });
    expect(await platform.ask(told, 'feedback', '--model', 'rivers', '--file', path)).toMatchObject({
      accepted: labels.length,
    });

    await eventually('drift of the rain is seen', 40, async () => {
      const { report } = await platform.ask(measured, 'drift', 'rivers', '--now');
      return report.features.find(({ name }) => name === 'rain')?.verdict === 'drifted';
    });
    const retrain = await eventually('a retrain run', 60, async () => {
      const { runs } = await platform.ask(runList, 'runs', 'list', '--model', 'rivers');
      return runs.find(({ trigger }) => trigger.kind === 'retrain');
    });
    const run = await ended(retrain.runId);
    expect(run, run.reason).toMatchObject({ status: 'promoted', version: 2 });
    const { versions } = await platform.ask(versionList, 'models', 'list', 'rivers');
    const champion = versions.find(({ version }) => version === 1);
    expect((await recordOf('rivers', 2)).continuedFrom).toEqual({
      version: 1,
      packageDigest: champion?.packageDigest,
      mode: 'online',
    });
  });
});
