import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Run } from '../../lib/intake/run.ts';
import { answers, log, runList, uploaded, watched } from './documents.ts';
import { eventually, Platform, root } from './platform.ts';
import { csv, randomNumbers } from './rows.ts';

/* What trains a model again without an upload and without an alarm. */

const platform = new Platform();
const random = randomNumbers(11);
const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i));

async function ended(runId: string): Promise<Run> {
  const { json } = await platform.cli('runs', 'watch', runId);
  return watched.parse(json).run;
}

async function upload(model: string, content: string): Promise<Run> {
  const path = platform.file(`${model}.csv`, content);
  const { run } = await platform.ask(uploaded, 'upload', model, path);
  if (!run) throw new Error(`upload of ${path} began no run`);
  return ended(run.runId);
}

const runsOf = async (model: string) => (await platform.ask(runList, 'runs', 'list', '--model', model)).runs;
const told = z.looseObject({ accepted: z.int(), repeated: z.int() });

async function label(name: string, labels: object[]) {
  const path = platform.file(`${name}.json`, JSON.stringify(labels));
  return platform.ask(told, 'feedback', '--model', 'rivers', '--file', path);
}

/** What the schedule does each minute: looks whether labels or new code ask for a run. */
const look = () => platform.invoke('AskRetrain', { model: 'rivers' });

beforeAll(() => platform.start({ bakeSeconds: 2, auth: true, models: 'models-updates' }), 400_000);
afterAll(() => platform.stop());

describe('a model that takes in what callers say', () => {
  it('begins one run when so many labelled rows came, and none for labels that come twice', async () => {
    const rain = times(120, () => random() * 100);
    const content = csv(
      'rain,stage',
      rain.map((mm) => `${mm.toFixed(2)},${mm > 50 ? 'high' : 'low'}`),
    );
    expect(await upload('rivers', content)).toMatchObject({ status: 'promoted', version: 1 });

    const rows = times(20, () => ({ rain: Number((100 + random() * 300).toFixed(2)) }));
    const file = platform.file('rows.json', JSON.stringify(rows));
    const { replies } = await platform.ask(answers, 'predict', 'rivers', '--file', file);
    const labels = replies.flatMap(({ predictionId, predictions }) =>
      predictions.map((_, row) => ({ predictionId, row, label: 'high' })),
    );
    expect(await label('first', labels.slice(0, 19))).toMatchObject({ accepted: 19 });
    // No look may find that 19 are 20.
    expect(await look()).toMatchObject({ outcome: 'nothing' });
    expect(await runsOf('rivers')).toHaveLength(1);

    expect(await label('last', labels)).toMatchObject({ repeated: 19 });
    // This look is the schedule's own.
    const found = await eventually('a run by the labels', 90, async () =>
      (await runsOf('rivers')).find(({ trigger }) => trigger.kind === 'feedback'),
    );
    const run = await ended(found.runId);
    expect(run, run.reason).toMatchObject({ status: 'promoted', version: 2 });

    // The same labels again, and another look after them.
    await label('again', labels);
    expect(await look()).toMatchObject({ outcome: 'nothing' });
    expect(await runsOf('rivers')).toHaveLength(2);
    const { entries } = await platform.ask(log, 'models', 'log', 'rivers');
    const asked = entries.filter(({ action }) => action === 'retrain-asked');
    expect(asked).toMatchObject([{ who: 'feedback', version: 1, details: { requestId: 'labels-1-20' } }]);
  }, 420_000);
});

describe('an A/B test', () => {
  const gauge = (rain: number, isMoved: boolean) => (rain > (isMoved ? 30 : 60) ? 'high' : 'low');
  const rowsOf = (isMoved: boolean) =>
    csv(
      'rain,stage',
      times(200, () => random() * 100).map((rain) => `${rain.toFixed(2)},${gauge(rain, isMoved)}`),
    );
  const reply = z.object({ predictionId: z.string(), version: z.int() });

  it('keeps callers on their side and promotes the version that labels prove better', async () => {
    expect(await upload('gauges', rowsOf(false))).toMatchObject({ status: 'promoted', version: 1 });
    const path = platform.file('moved.csv', rowsOf(true));
    const { run } = await platform.ask(uploaded, 'upload', 'gauges', path);
    if (!run) throw new Error('the second upload began no run');
    await eventually('the test begins', 120, async () => {
      const { entries } = await platform.ask(log, 'models', 'log', 'gauges');
      return entries.some(
        ({ action, why }) => action === 'canary-started' && why.startsWith('A/B test with 50 %'),
      );
    });
    // What is live is cached for two seconds.
    await sleep(3000);

    const versions = new Map<string, Set<number>>();
    const labels: object[] = [];
    const ask = async (caller: string) => {
      const rows = times(4, () => ({ rain: Number((random() * 100).toFixed(2)) }));
      const headers = { 'x-evergreen-caller': caller };
      const { status, body } = await platform.http(
        'POST',
        '/models/gauges/predict',
        { rows },
        undefined,
        headers,
      );
      expect(status, JSON.stringify(body)).toBe(200);
      const { predictionId, version } = reply.parse(body);
      versions.set(caller, (versions.get(caller) ?? new Set()).add(version));
      labels.push(...rows.map(({ rain }, row) => ({ predictionId, row, label: gauge(rain, true) })));
    };
    const callers = times(120, (index) => `caller-${index}`);
    for (const caller of callers) await ask(caller);
    for (const caller of callers.slice(0, 10)) await ask(caller);
    for (const seen of versions.values()) expect(seen.size).toBe(1);
    const ofCandidate = [...versions.values()].filter((seen) => seen.has(2)).length;
    // A share of 50 % of 120 callers: outside with a chance of 1 in 100,000.
    expect(ofCandidate).toBeGreaterThan(36);
    expect(ofCandidate).toBeLessThan(84);

    const file = platform.file('gauge-labels.json', JSON.stringify(labels));
    await platform.ask(told, 'feedback', '--model', 'gauges', '--file', file);
    const result = await ended(run.runId);
    expect(result, result.reason).toMatchObject({ status: 'promoted', version: 2 });
    expect(result.reason).toMatch(/^the candidate is better/);
    const { entries } = await platform.ask(log, 'models', 'log', 'gauges');
    const promoted = entries.find(({ action, version }) => action === 'promoted' && version === 2);
    expect(promoted?.details).toMatchObject({ comparison: { verdict: 'better' }, verdict: 'promote' });
  }, 420_000);
});

describe('a model whose trainer is deployed changed', () => {
  it('is trained once on what its champion learned from', async () => {
    const [newest] = await runsOf('rivers');
    if (!newest) throw new Error('the first tests left no run of rivers');
    const models = join(root, 'test', 'end-to-end', 'models-updates-next');
    const options = ['--port', String(platform.port), '--models', models, '--bake', '2', '--auth'];
    const answer = await platform.cli('up', ...options);
    expect(answer.code, JSON.stringify(answer)).toBe(0);
    await look();
    const found = await eventually('a run by the new code', 120, async () =>
      (await runsOf('rivers')).find(({ trigger }) => trigger.kind === 'new-code'),
    );
    expect(found.definitionDigest).not.toBe(newest.definitionDigest);
    const run = await ended(found.runId);
    expect(run, run.reason).toMatchObject({ status: 'promoted', version: 3 });
    // The rows of the run by labels, whose version was champion.
    expect(run.source?.key).toBe(`retrain/rivers/${newest.runId}.jsonl`);
    expect(await look()).toMatchObject({ outcome: 'nothing' });
    const byCode = (await runsOf('rivers')).filter(({ trigger }) => trigger.kind === 'new-code');
    expect(byCode).toHaveLength(1);
  }, 420_000);
});
