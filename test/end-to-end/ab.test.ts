import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Run } from '../../lib/intake/run.ts';
import { log, measured, runList, uploaded, versionList, watched } from './documents.ts';
import { eventually, Platform } from './platform.ts';
import { csv, randomNumbers } from './rows.ts';

/* Several candidates beside one champion, with rights as deployed. */

const platform = new Platform();
const random = randomNumbers(18);
const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i));

async function ended(runId: string): Promise<Run> {
  const { json } = await platform.cli('runs', 'watch', runId);
  return watched.parse(json).run;
}

const stage = (rain: number, from: number) => (rain > from ? 'high' : 'low');

/** Uploads rivers that are high from so much rain on. */
async function upload(from: number): Promise<string> {
  const rain = times(200, () => random() * 100);
  const rows = rain.map((mm) => `${mm.toFixed(2)},${stage(mm, from)}`);
  const path = platform.file(`from-${from}.csv`, csv('rain,stage', rows));
  const { run } = await platform.ask(uploaded, 'upload', 'dials', path);
  if (!run) throw new Error(`upload of ${path} began no run`);
  return run.runId;
}

const liveOf = async () => (await platform.ask(versionList, 'models', 'list', 'dials')).live;
const shares = async () => {
  const { candidate, arms = [] } = await liveOf();
  return [...(candidate ? [candidate] : []), ...arms].map(({ version, weight }) => [version, weight]);
};

const reply = z.object({ predictionId: z.string(), version: z.int() });
const told = z.looseObject({ accepted: z.int() });

/** Each caller asks once; who answered it, and what turned out. */
async function ask(callers: readonly string[]) {
  const seen = new Map<string, z.infer<typeof reply>>();
  const labels: { version: number; predictionId: string; row: number; label: string }[] = [];
  for (const caller of callers) {
    const rows = times(4, () => ({ rain: Number((random() * 100).toFixed(2)) }));
    const headers = { 'x-evergreen-caller': caller };
    const { status, body } = await platform.http(
      'POST',
      '/models/dials/predict',
      { rows },
      undefined,
      headers,
    );
    expect(status, JSON.stringify(body)).toBe(200);
    const answer = reply.parse(body);
    seen.set(caller, answer);
    const { predictionId, version } = answer;
    labels.push(...rows.map(({ rain }, row) => ({ version, predictionId, row, label: stage(rain, 30) })));
  }
  return { seen, labels };
}

async function tell(name: string, labels: readonly { version: number }[]) {
  const path = platform.file(`${name}.json`, JSON.stringify(labels.map(({ version: _, ...label }) => label)));
  await platform.ask(told, 'feedback', '--model', 'dials', '--file', path);
}

beforeAll(() => platform.start({ bakeSeconds: 2, auth: true, models: 'models-ab' }), 600_000);
afterAll(() => platform.stop());

describe('an A/B test that others may join', () => {
  it('takes out what is worse, leaves the callers of the others where they are, and promotes what is better', async () => {
    expect(await ended(await upload(60))).toMatchObject({ status: 'promoted', version: 1 });
    const worse = await upload(90);
    await eventually('the test begins', 180, async () => (await shares()).length === 1);
    const better = await upload(30);
    await eventually('another version joins', 240, async () => (await shares()).length === 2);
    expect(await shares()).toEqual([
      [2, 30],
      [3, 30],
    ]);
    const { runs } = await platform.ask(runList, 'runs', 'list', '--model', 'dials');
    expect(runs.filter(({ status }) => status === 'running').map(({ runId }) => runId)).toEqual([
      better,
      worse,
    ]);
    // What is live is cached for two seconds.
    await sleep(3000);

    const callers = times(150, (index) => `caller-${index}`);
    const before = await ask(callers);
    const answeredBy = (number: number) =>
      callers.filter((caller) => before.seen.get(caller)?.version === number).length;
    // A share of 30 % of 150 callers: outside with a chance of 1 in 100,000.
    for (const version of [2, 3]) {
      expect(answeredBy(version)).toBeGreaterThan(21);
      expect(answeredBy(version)).toBeLessThan(70);
    }
    const again = await ask(callers.slice(0, 20));
    for (const [caller, { version }] of again.seen) expect(version).toBe(before.seen.get(caller)?.version);

    await tell(
      'without-the-better',
      before.labels.filter(({ version }) => version !== 3),
    );
    const lost = await ended(worse);
    expect(lost, lost.reason).toMatchObject({ status: 'rolled-back', version: 2 });
    expect(lost.reason).toMatch(/^the candidate is worse/);
    expect(await shares()).toEqual([[3, 30]]);
    await sleep(3000);
    const after = await ask(callers);
    for (const [caller, { version }] of before.seen) {
      expect(after.seen.get(caller)?.version).toBe(version === 2 ? 1 : version);
    }

    await tell('all', [...before.labels, ...after.labels]);
    const won = await ended(better);
    expect(won, won.reason).toMatchObject({ status: 'promoted', version: 3 });
    expect(won.reason).toMatch(/^the candidate is better/);
    expect(await liveOf()).toMatchObject({ champion: { version: 3 }, candidate: null });
    const { report } = await platform.ask(measured, 'drift', 'dials', '--now');
    // Some 320 requests and three trainings: cents, and not nothing. Captures count by whole hours that are over.
    const { predictions = 0, captures = 0, training = 0, total = 0 } = report.cost ?? {};
    expect(training, JSON.stringify(report.cost)).toBeGreaterThan(0);
    expect(predictions, JSON.stringify(report.cost)).toBeGreaterThan(300 * 4.3e-6);
    expect(total).toBeCloseTo(predictions + captures + training, 10);
    expect(total).toBeLessThan(1);

    const { entries } = await platform.ask(log, 'models', 'log', 'dials');
    const moved = entries
      .filter(({ action }) => action !== 'registered')
      .map(({ action, version }) => [action, version]);
    expect(moved.reverse()).toEqual([
      ['promoted', 1],
      ['canary-started', 2],
      ['canary-started', 3],
      ['candidate-withdrawn', 2],
      ['promoted', 3],
    ]);
  }, 900_000);
});
