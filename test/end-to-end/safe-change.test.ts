import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeStateMachineCommand,
  ListStateMachinesCommand,
  SFNClient,
  UpdateStateMachineCommand,
} from '@aws-sdk/client-sfn';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Run } from '../../lib/intake/run.ts';
import { deployedModel } from '../../lib/model/deployed-model.ts';
import { JudgementStore } from '../../lib/remediation/judgements.store.ts';
import { alarmNameOf, sendAlarms, type TestAlarm } from './alarms.ts';
import { log, measured, runList, uploaded, versionList, watched } from './documents.ts';
import { eventually, Platform } from './platform.ts';
import { replacePackage } from './replaced-package.ts';
import { csv, jsonLines, moodyRows, randomNumbers } from './rows.ts';

/* Versions that must not go live, alarms that come at the wrong time, and verdicts that say why. IAM checks are on. */

const platform = new Platform();
const random = randomNumbers(19);
const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i));

const gateRows = () =>
  csv(
    'level,wind,state',
    times(120, () => {
      const level = random() * 100;
      return `${level.toFixed(2)},${random().toFixed(3)},${level > 50 ? 'shut' : 'open'}`;
    }),
  );
const sideRows = () =>
  csv(
    'x,side',
    times(120, () => random() * 100).map((x) => `${x.toFixed(2)},${x < 50 ? 'left' : 'right'}`),
  );

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
/** A field of which chance decides as much as a logistic regression can know. */
const aField = () => ({
  rain: Number((random() * 100).toFixed(2)),
  sun: Number((random() * 100).toFixed(2)),
  site: random() < 0.5 ? 'north' : 'south',
});
const thrives = ({ rain, sun }: { rain: number; sun: number }) =>
  random() < sigmoid((rain - 50) / 10 + (sun - 50) / 30);
const fieldRows = () =>
  csv(
    'rain,sun,site,harvest',
    times(1500, aField).map(
      (field) => `${Object.values(field).join(',')},${thrives(field) ? 'good' : 'poor'}`,
    ),
  );

async function upload(model: string, content: string, ending = 'csv'): Promise<Run> {
  const path = platform.file(`${model}-${Math.floor(random() * 1e9)}.${ending}`, content);
  const { run } = await platform.ask(uploaded, 'upload', model, path);
  if (!run) throw new Error(`upload of ${path} began no run`);
  return run;
}

async function ended({ runId }: Pick<Run, 'runId'>): Promise<Run> {
  return watched.parse((await platform.cli('runs', 'watch', runId)).json).run;
}

const models = (model: string) => platform.ask(versionList, 'models', 'list', model);
const champion = async (model: string) => (await models(model)).live.champion?.version;
const promotionLog = async (model: string) => (await platform.ask(log, 'models', 'log', model)).entries;
const runsOf = async (model: string) =>
  (await platform.ask(runList, 'runs', 'list', '--model', model, '--limit', '50')).runs;

async function isWaiting({ runId, model }: Run): Promise<void> {
  await eventually(`run ${runId} waits for a person`, 90, async () =>
    (await runsOf(model)).find((run) => run.runId === runId && run.status === 'waiting-for-approval'),
  );
}

/** Says yes to a version of a model that asks a person, once it waits. */
async function approve(run: Run, why = 'looks right'): Promise<Run> {
  await isWaiting(run);
  expect((await platform.cli('models', 'approve', run.runId, '--why', why)).code).toBe(0);
  return ended(run);
}

const reply = z.object({
  predictionId: z.string(),
  version: z.int(),
  predictions: z.array(z.object({ label: z.string() })),
});

async function predict(model: string, rows: object[]) {
  const began = performance.now();
  const { status, body } = await platform.http('POST', `/models/${model}/predict`, { rows });
  expect({ status, body }).toMatchObject({ status: 200 });
  return { ...reply.parse(body), ms: performance.now() - began };
}

/** One request after the other until the work is done. */
async function predictDuring(model: string, row: object, work: Promise<unknown>) {
  const replies: Awaited<ReturnType<typeof predict>>[] = [];
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  while (!isOver) {
    replies.push(await predict(model, [row]));
    await sleep(50);
  }
  await work;
  return replies;
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function isOnRecord(predictionId: string): Promise<void> {
  await eventually(`prediction ${predictionId} is on record`, 90, async () => {
    return (await platform.http('GET', `/predictions/${predictionId}`)).status === 200;
  });
}

/** Tells what was true of new predictions, so that there is something to learn from. */
async function sendLabels(model: string, count: number): Promise<void> {
  const rows = times(count, () => ({ x: Number((random() * 100).toFixed(2)) }));
  const { predictionId } = await predict(model, rows);
  await isOnRecord(predictionId);
  const feedback = rows.map(({ x }, row) => ({ predictionId, row, label: x < 50 ? 'left' : 'right' }));
  expect((await platform.http('POST', `/models/${model}/feedback`, { feedback })).status).toBe(202);
}

/** The line of the log that tells what was decided about a change of an alarm. */
async function judgementOf(alarm: TestAlarm & { at: Date }) {
  const told = z.object({ changedAt: z.string(), decision: z.looseObject({ page: z.boolean() }) });
  return eventually(`${alarmNameOf(alarm)} is judged`, 90, async () =>
    (await promotionLog(alarm.model)).find(
      ({ action, who, details }) =>
        action === 'alarm-judged' &&
        who === `alarm:${alarmNameOf(alarm)}` &&
        told.safeParse(details).data?.changedAt === alarm.at.toISOString(),
    ),
  );
}

const first: Record<string, Run> = {};

beforeAll(async () => {
  await platform.start({ bakeSeconds: 2, auth: true, models: 'models-safe-change' });
  const runs = await Promise.all([
    upload('gates', gateRows()).then((run) => approve(run)),
    upload('pins', sideRows()).then(ended),
    upload('levers', sideRows()).then(ended),
    upload('moody', jsonLines(moodyRows(0, 60, 1)), 'jsonl').then(ended),
    upload('fields', fieldRows()).then(ended),
  ]);
  for (const run of runs) first[run.model] = run;
}, 420_000);
afterAll(() => platform.stop());

it.each(['gates', 'pins', 'levers', 'moody', 'fields'])('a first version of %s is live', (model) => {
  expect(first[model], first[model]?.reason).toMatchObject({ status: 'promoted', version: 1 });
});

describe('a version that takes all traffic at once', () => {
  const row = { level: 80, wind: 0.5 };
  const stamps: Record<string, string> = {};
  const note = (what: string) => {
    stamps[what] = new Date().toISOString();
  };

  it('does so after its replay, without a canary, and gives it back by one command', async () => {
    note('before');
    const run = await approve(await upload('gates', gateRows()));
    expect(run, run.reason).toMatchObject({ status: 'promoted', version: 2 });
    note('with 2');
    await eventually('version 2 answers', 10, async () => (await predict('gates', [row])).version === 2);
    const told = (await promotionLog('gates')).filter(({ version }) => version === 2).reverse();
    expect(told.map(({ action }) => action)).toEqual(['registered', 'approved', 'promoted']);
    expect(told[2]?.why).toMatch(/^all traffic at once, after its replay; approved by \S+: looks right$/);
    expect(told[2]?.details).toMatchObject({ replay: { verdict: 'pass' } });

    expect((await platform.cli('models', 'rollback', 'gates', '--why', 'to see it go back')).code).toBe(0);
    await eventually('version 1 answers', 10, async () => (await predict('gates', [row])).version === 1);
    note('rolled back');
  });

  it('is named by one query for any time', async () => {
    const at = z.object({ champion: z.int().nullable() });
    const liveAt = async (time?: string) =>
      (await platform.ask(at, 'models', 'log', 'gates', '--at', time ?? '')).champion;
    expect(await liveAt(stamps.before)).toBe(1);
    expect(await liveAt(stamps['with 2'])).toBe(2);
    expect(await liveAt(stamps['rolled back'])).toBe(1);
    expect(await liveAt('2026-01-06T14:05:00+01:00')).toBeNull();
  });

  it('does not undo a rollback that came while it was on its way', async () => {
    expect((await platform.cli('models', 'promote', 'gates', '2', '--why', 'it was fine')).code).toBe(0);
    const run = await upload('gates', gateRows());
    await isWaiting(run);
    expect((await platform.cli('models', 'rollback', 'gates', '--why', 'it was not')).code).toBe(0);
    const end = await approve(run);
    expect(end, end.reason).toMatchObject({ status: 'superseded', version: 3 });
    expect(end.reason).toContain('was rolled back to version 1 while this run was on');
    expect(await champion('gates')).toBe(1);
  });

  it('is refused when its file is not the one that was registered', async () => {
    const run = await upload('gates', gateRows());
    await isWaiting(run);
    const found = (await models('gates')).versions.find(({ lineage }) => lineage.runId === run.runId);
    const Bucket = await platform.output('ModelBucket');
    await new S3Client(platform.client).send(
      new PutObjectCommand({ Bucket, Key: `${found?.packagePrefix}model.onnx`, Body: 'something else' }),
    );
    const answering = approve(run);
    const replies = await predictDuring('gates', row, answering);
    const end = await answering;
    expect(end, end.reason).toMatchObject({ status: 'rejected', version: 4 });
    expect(end.reason).toMatch(/^replay: artifact-damaged: .*model\.onnx/);
    expect(new Set(replies.map(({ version }) => version))).toEqual(new Set([1]));
  });

  it('is refused when its columns have another order than the one it learned', async () => {
    const run = await upload('gates', gateRows());
    await isWaiting(run);
    const found = (await models('gates')).versions.find(({ lineage }) => lineage.runId === run.runId);
    if (!found) throw new Error(`run ${run.runId} registered no version`);
    await replacePackage(platform, found, (files) => {
      const deployed = deployedModel.parse(JSON.parse(new TextDecoder().decode(files['definition.json'])));
      const { definition } = deployed;
      const features = Object.fromEntries(Object.entries(definition.features).reverse());
      const text = JSON.stringify({ ...deployed, definition: { ...definition, features } });
      return { ...files, 'definition.json': new TextEncoder().encode(text) };
    });
    const answering = approve(run);
    const replies = await predictDuring('gates', row, answering);
    const end = await answering;
    expect(end, end.reason).toMatchObject({ status: 'rejected', version: 5 });
    expect(end.reason).toMatch(
      /^replay: golden-mismatch: the golden rows are answered otherwise: row \d+ gives/,
    );
    expect(new Set(replies.map(({ version }) => version))).toEqual(new Set([1]));
  });
});

describe('a model that asks a person', () => {
  it('goes on without a version that nobody spoke for in time', async () => {
    const sfn = new SFNClient(platform.client);
    const { stateMachines = [] } = await sfn.send(new ListStateMachinesCommand({}));
    const asks = '"{% $plan.approvalTimeoutSeconds %}"';
    const described = await Promise.all(
      stateMachines.map(({ stateMachineArn }) =>
        sfn.send(new DescribeStateMachineCommand({ stateMachineArn })),
      ),
    );
    const pipeline = described.find(({ definition }) => definition?.includes(asks));
    if (!pipeline)
      throw new Error(`none of ${stateMachines.map(({ name }) => name).join(', ')} asks a person`);
    const { stateMachineArn, definition = '' } = pipeline;
    // Three seconds in place of the hours of the definition; all else is as deployed.
    const quick = definition.replaceAll(asks, '3');
    await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition: quick }));
    const { runId } = await upload('gates', gateRows());
    const run = await eventually('the time is over', 90, async () =>
      (await runsOf('gates')).find((each) => each.runId === runId && each.endedAt !== null),
    );
    await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition }));
    expect(run, run.reason).toMatchObject({ status: 'rejected', reason: 'nobody approved in time' });
    const late = await platform.cli('models', 'approve', run.runId, '--why', 'sorry');
    expect(late).toMatchObject({ code: 5, json: { error: { code: 'run-not-waiting' } } });
    expect(await champion('gates')).toBe(1);
  });

  it('is not trained again by its schedule while there is nothing new to learn', async () => {
    const QueueUrl = await platform.output('IntakeQueueUrl');
    const body = {
      kind: 'schedule',
      model: 'gates',
      reason: 'every 7 days',
      requestId: 'a-day-of-the-schedule',
    };
    await new SQSClient(platform.client).send(
      new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(body) }),
    );
    const run = await eventually('a run by the schedule', 60, async () =>
      (await runsOf('gates')).find(({ trigger }) => trigger.kind === 'schedule'),
    );
    const end = await ended(run);
    expect(end, end.reason).toMatchObject({ status: 'refused', version: null });
    expect(end.reason).toMatch(/^no new labelled rows since .*, so there is nothing that version 1/);
  });
});

describe('a candidate that goes wrong on rows it never saw', () => {
  const shown = z.object({ states: z.array(z.object({ state: z.string() })) });
  const [calm, far] = [
    { x: 10, mood: 0 },
    { x: 95, mood: 0 },
  ];

  async function capture(row: object) {
    const replies: Awaited<ReturnType<typeof predict>>[] = [];
    for (const _ of times(6, (i) => i)) replies.push(await predict('moody', [row]));
    await isOnRecord(replies.at(-1)?.predictionId ?? '');
    return replies.map(({ ms }) => ms);
  }

  /** Far requests while the run goes on, from the moment at which its candidate stands in the shadow. */
  async function inShadow(mood: number, seed: number) {
    const usual = median(await capture(calm));
    const run = await upload('moody', moodyRows(mood, 60, seed));
    await eventually('the candidate is in the shadow', 90, async () => {
      const { states } = shown.parse((await platform.cli('runs', 'show', run.runId)).json);
      return states.some(({ state }) => state === 'Shadow');
    });
    const ending = ended(run);
    const replies = await predictDuring('moody', far, ending);
    return { usual, replies, end: await ending };
  }

  function expectUntouched({ usual, replies }: Awaited<ReturnType<typeof inShadow>>) {
    expect(replies.length).toBeGreaterThan(20);
    for (const { version, predictions } of replies) {
      expect({ version, predictions }).toMatchObject({ version: 1, predictions: [{ label: 'right' }] });
    }
    // The slow candidate takes more than a second; this machine does other things as well.
    expect(median(replies.map(({ ms }) => ms))).toBeLessThan(3 * usual + 100);
  }

  it('is refused in the shadow when it gives no numbers, and nobody who asks notices', async () => {
    const seen = await inShadow(1, 2);
    expect(seen.end, seen.end.reason).toMatchObject({ status: 'rejected', version: 2 });
    expect(seen.end.reason).toMatch(/^replay: model-failed: /);
    expectUntouched(seen);
  });

  it('is refused by the replay of those requests from then on, before any shadow', async () => {
    const run = await ended(await upload('moody', moodyRows(1, 60, 3)));
    expect(run, run.reason).toMatchObject({ status: 'rejected', version: 3 });
    expect(run.reason).toMatch(/^replay: model-failed: .*NaN/);
    const slow = await ended(await upload('moody', moodyRows(2, 60, 4)));
    expect(slow, slow.reason).toMatchObject({ status: 'rejected', version: 4 });
    expect(slow.reason).toMatch(
      /^replay: too-slow: the 99th percentile of latency is \d+ ms; at most 400 ms/,
    );
    for (const { runId } of [run, slow]) {
      const { states } = shown.parse((await platform.cli('runs', 'show', runId)).json);
      expect(states.map(({ state }) => state)).not.toContain('Shadow');
    }
  });

  it('is refused in the shadow when it dawdles, and nobody who asks waits for it', async () => {
    const seen = await inShadow(2, 5);
    expect(seen.end, seen.end.reason).toMatchObject({ status: 'rejected', version: 5 });
    expect(seen.end.reason).toMatch(/^replay: too-slow: /);
    expectUntouched(seen);
    expect((await promotionLog('moody')).map(({ action }) => action)).not.toContain('canary-started');
    expect(await champion('moody')).toBe(1);
  });
});

describe('a model that is pinned', () => {
  it('keeps its version while uploads go on, until a person promotes another', async () => {
    for (const version of [2, 3]) {
      const run = await ended(await upload('pins', sideRows()));
      expect(run, run.reason).toMatchObject({ status: 'superseded', version });
      expect(run.reason).toContain(`pinned to version 1; promote version ${version} by hand`);
      expect((await predict('pins', [{ x: 10 }])).version).toBe(1);
    }
  });

  it('stays, and calls a person, when an alarm finds no version to go back to', async () => {
    const alarm = { model: 'pins', symptom: 'champion-errors', at: new Date() } as const;
    await sendAlarms(platform, [alarm]);
    const { why, details } = await judgementOf(alarm);
    expect(why).toContain('neither a rollback nor a retrain is an answer');
    expect(details).toMatchObject({ decision: { action: 'leave', page: true }, outcome: 'left alone' });
    const refused = await platform.cli('models', 'rollback', 'pins', '--why', 'nothing there');
    expect(refused).toMatchObject({ code: 5, json: { error: { code: 'no-previous-version' } } });
    expect(await champion('pins')).toBe(1);
  });

  it('makes one run and one follow-up of twenty alarms', async () => {
    await sendLabels('pins', 10);
    const tenAlarms = () =>
      times(10, (i) => {
        const symptom = i % 2 === 0 ? ('drift' as const) : ('quality' as const);
        return { model: 'pins', symptom, at: new Date(Date.now() - 400 + i * 40) };
      });
    const retrains = async () => (await runsOf('pins')).filter(({ trigger }) => trigger.kind === 'retrain');
    // At once, before the first of them has led to a run; and while the run is at work.
    await sendAlarms(platform, tenAlarms());
    await eventually('a run begins', 90, async () => (await retrains()).length > 0);
    await sendAlarms(platform, tenAlarms());
    let quietSince = Date.now();
    await eventually('all is quiet', 120, async () => {
      const isBusy = (await retrains()).some(({ endedAt }) => endedAt === null);
      if (isBusy || (await retrains()).length === 0) quietSince = Date.now();
      return Date.now() - quietSince > 5000;
    });
    const [followUp, run, ...others] = await retrains();
    expect(others).toEqual([]);
    expect(run, run?.reason).toMatchObject({ status: 'superseded', version: 4 });
    expect(run?.reason).toContain('pinned to version 1');
    // No label came since, so there is nothing that the first did not learn.
    expect(followUp, followUp?.reason).toMatchObject({ status: 'reused', version: 4 });
    const judged = (await promotionLog('pins')).filter(
      ({ action, details }) => action === 'alarm-judged' && details.symptom !== 'champion-errors',
    );
    expect(judged.length).toBeGreaterThanOrEqual(20);
    expect(await champion('pins')).toBe(1);
  });

  it('goes live when a person says which version', async () => {
    expect((await platform.cli('models', 'promote', 'pins', '3', '--why', 'seen')).code).toBe(0);
    await eventually('version 3 answers', 10, async () => (await predict('pins', [{ x: 10 }])).version === 3);
  });
});

describe('an alarm', () => {
  it('of failing requests has a version made ready where none is to go back to, and calls a person', async () => {
    await sendLabels('levers', 10);
    const alarm = { model: 'levers', symptom: 'champion-errors', at: new Date() } as const;
    await sendAlarms(platform, [alarm]);
    expect((await judgementOf(alarm)).details).toMatchObject({
      decision: { action: 'shadow-train', page: true },
    });
    const found = await eventually('a run that trains in the shadow', 60, async () =>
      (await runsOf('levers')).find(({ trigger }) => trigger.kind === 'shadow-retrain'),
    );
    const run = await ended(found);
    expect(run, run.reason).toMatchObject({ status: 'superseded', version: 2 });
    expect(run.reason).toContain('version 2 was trained to be at hand');
    expect((await models('levers')).live).toMatchObject({ champion: { version: 1 }, candidate: null });
  });

  it('is kept while a run is at work, and judged after it', async () => {
    const run = await upload('levers', sideRows());
    await eventually('the run is at work', 30, async () =>
      (await runsOf('levers')).find(({ runId, status }) => runId === run.runId && status === 'running'),
    );
    const alarm = { model: 'levers', symptom: 'drift', at: new Date() } as const;
    await sendAlarms(platform, [alarm]);
    expect((await judgementOf(alarm)).details).toMatchObject({
      decision: { action: 'wait', runId: run.runId },
    });
    expect(await ended(run)).toMatchObject({ status: 'promoted', version: 3 });
    const after = await eventually('it is judged again', 90, async () =>
      (await promotionLog('levers')).find(
        ({ who }) => who === `alarm:${alarmNameOf(alarm)} after ${run.runId}`,
      ),
    );
    expect(after.why).toMatch(/^the alarm is older than champion 3/);
    expect(after.details).toMatchObject({ decision: { action: 'leave' } });
  });

  it('that comes late or out of order is judged by the time of its state', async () => {
    const { champion: now } = (await models('levers')).live;
    const since = Date.parse(now?.since ?? '');
    const late = { model: 'levers', symptom: 'quality', at: new Date(since - 1000) } as const;
    const over = {
      model: 'levers',
      symptom: 'champion-latency',
      at: new Date(since + 2000),
      state: 'OK',
    } as const;
    const before = { ...over, at: new Date(since + 1000), state: 'ALARM' } as const;
    await sendAlarms(platform, [late, over]);
    expect((await judgementOf(late)).why).toMatch(/^the alarm is older than champion 3/);
    await judgementOf(over);
    await sendAlarms(platform, [before]);
    expect((await judgementOf(before)).why).toBe(
      `the alarm changed again since, at ${over.at.toISOString()}`,
    );
    expect(await champion('levers')).toBe(3);
  });

  it('whose handler ends between decision and deed leads to the same decision in the next attempt', async () => {
    await sendLabels('levers', 10);
    const giveBack = await takeGrant('RemediateAlarm', 'sqs:SendMessage');
    const alarm = { model: 'levers', symptom: 'drift', at: new Date() } as const;
    const { REGISTRY_TABLE } = await platform.variablesOf('RemediateAlarm');
    const documents = DynamoDBDocumentClient.from(new DynamoDBClient(platform.client));
    const judgements = new JudgementStore(documents, REGISTRY_TABLE ?? '');
    const found = () => judgements.find('levers', alarmNameOf(alarm), alarm.at.toISOString());
    await sendAlarms(platform, [alarm]);
    const decided = await eventually('it is decided', 90, found);
    await sleep(3000);
    expect(await found()).toEqual({ ...decided, status: 'decided', outcome: null });
    const retrains = async () => (await runsOf('levers')).filter(({ trigger }) => trigger.kind === 'retrain');
    expect(await retrains()).toEqual([]);

    await giveBack();
    // SQS would deliver it again when the time of the first attempt is over, minutes later.
    await sendAlarms(platform, [alarm]);
    const line = await judgementOf(alarm);
    expect(line).toMatchObject({ at: decided.decidedAt, details: { decision: { action: 'retrain' } } });
    expect(await found()).toMatchObject({ status: 'done', decidedAt: decided.decidedAt });
    const run = await eventually('the run it asked for', 60, async () => (await retrains())[0]);
    expect((await ended(run)).status).toMatch(/^(promoted|rejected)$/);
    expect(await retrains()).toHaveLength(1);
  });
});

/** Takes a right from the inline policies of a function's role; gives what puts it back. */
async function takeGrant(construct: string, action: string): Promise<() => Promise<void>> {
  const iam = new IAMClient(platform.client);
  const RoleName = await platform.roleOf(construct);
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const policy = z.looseObject({ Statement: z.array(z.looseObject({ Action: z.unknown() })) });
  const before: { PolicyName: string; PolicyDocument: string }[] = [];
  for (const PolicyName of PolicyNames) {
    const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
    const text = decodeURIComponent(PolicyDocument);
    const parsed = policy.parse(JSON.parse(text));
    const Statement = parsed.Statement.filter(
      (statement) => !JSON.stringify(statement.Action).includes(action),
    );
    if (Statement.length === parsed.Statement.length) continue;
    before.push({ PolicyName, PolicyDocument: text });
    const left = JSON.stringify({ ...parsed, Statement });
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: left }));
  }
  if (before.length === 0) throw new Error(`${construct} has no right ${action} that could be taken`);
  return async () => {
    for (const each of before) await iam.send(new PutRolePolicyCommand({ RoleName, ...each }));
  };
}

describe('a verdict of the monitor', () => {
  const measure = async () => (await platform.ask(measured, 'drift', 'fields', '--now')).report;

  it('estimates quality from scores alone, until labels contradict it', async () => {
    const fields = times(300, aField);
    const { predictionId, predictions } = await predict('fields', fields);
    await isOnRecord(predictionId);
    const before = (await measure()).estimate;
    expect(before, before?.reason).toMatchObject({ verdict: 'ok', doubts: [] });
    expect(before?.accuracy).toBeGreaterThan(0.75);

    // The world has turned: what was answered is wrong in most cases. A thumb goes with the label, or alone.
    const feedback = predictions.slice(0, 120).map(({ label }, row) => {
      const isWrong = row % 3 !== 0;
      const truth = isWrong === (label === 'good') ? 'poor' : 'good';
      return { predictionId, row, label: truth, thumb: isWrong ? 'down' : 'up' };
    });
    const told = await platform.http('POST', '/models/fields/feedback', { feedback });
    expect(told).toMatchObject({ status: 202, body: { accepted: 120 } });
    const alone = { predictionId, row: 200, thumb: 'up' };
    expect((await platform.http('POST', '/models/fields/feedback', alone)).status).toBe(202);

    const { estimate, quality, thumbs, concept } = await measure();
    expect(thumbs).toMatchObject({ up: 41, down: 80 });
    expect(quality).toMatchObject({ verdict: 'low', versions: [{ version: 1, sample: 120 }] });
    expect(concept?.verdict).toBe('drifted');
    expect(estimate).toMatchObject({ verdict: 'not trusted', reconciliation: { isContradicted: true } });
    expect(estimate?.doubts.join('; ')).toMatch(
      /of 120 labelled rows 33\.3 % were right, \d+\.\d % estimated/,
    );
  });

  it('takes a corrected label for the one before it', async () => {
    const { predictionId, predictions } = await predict('fields', [aField()]);
    await isOnRecord(predictionId);
    const [label] = predictions.map((each) => each.label);
    const say = (body: object) => platform.http('POST', '/models/fields/feedback', { predictionId, ...body });
    expect(await say({ label: label === 'good' ? 'poor' : 'good' })).toMatchObject({ status: 202 });
    expect(await say({ label })).toMatchObject({ status: 202, body: { corrected: 1 } });
    const { body } = await platform.http('GET', `/predictions/${predictionId}`);
    expect(body).toMatchObject({ labels: [{ row: 0, label }] });
  });

  it('says which features changed, since when, in which slice, with pictures, and that others decide', async () => {
    const shifted = times(900, () => ({
      rain: Number((48 + random() * 4).toFixed(2)),
      sun: Number((random() < 0.5 ? 120 + random() * 60 : random() * 20).toFixed(2)),
      site: 'south',
    }));
    const { predictionId } = await predict('fields', shifted);
    await isOnRecord(predictionId);
    const report = await measure();
    expect(report.verdict).toBe('drifted');
    const told = Object.fromEntries(report.explanations.map((each) => [each.feature, each]));
    expect(Object.keys(told).sort()).toEqual(['rain', 'site', 'sun']);
    for (const feature of ['rain', 'sun']) {
      expect(told[feature]?.slice).toMatchObject({ feature: 'site', slice: 'south' });
      expect(Date.parse(told[feature]?.since ?? '')).toBeGreaterThan(Date.now() - 2 * 3_600_000);
      expect(told[feature]?.grown.length).toBeGreaterThan(0);
    }
    expect(report.attributions, report.attributions?.reason).toMatchObject({ verdict: 'changed' });
    expect(report.attributions?.features[0]).toMatchObject({ feature: 'rain', trainedRank: 1 });
    expect(report.attributions?.features[0]?.liveRank).toBeGreaterThan(1);

    const page = platform.file('fields.html', '');
    expect((await platform.cli('drift', 'fields', '--page', page)).code).toBe(0);
    const written = readFileSync(page, 'utf8');
    expect(written).toContain('What changed, and when');
    expect(written.match(/<svg[\s>]/g)?.length).toBeGreaterThan(3);
  });
});
