import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Run } from '../../lib/intake/run.ts';
import { answers, log, runList, uploaded, watched } from './documents.ts';
import { eventually, Platform } from './platform.ts';
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
    // Looks come each minute: none of them may find that 19 are 20.
    await sleep(65_000);
    expect(await runsOf('rivers')).toHaveLength(1);

    expect(await label('last', labels)).toMatchObject({ repeated: 19 });
    const found = await eventually('a run by the labels', 90, async () =>
      (await runsOf('rivers')).find(({ trigger }) => trigger.kind === 'feedback'),
    );
    const run = await ended(found.runId);
    expect(run, run.reason).toMatchObject({ status: 'promoted', version: 2 });

    // The same labels again, and another look after them.
    await label('again', labels);
    await sleep(65_000);
    expect(await runsOf('rivers')).toHaveLength(2);
    const { entries } = await platform.ask(log, 'models', 'log', 'rivers');
    const asked = entries.filter(({ action }) => action === 'retrain-asked');
    expect(asked).toMatchObject([{ who: 'feedback', version: 1, details: { requestId: 'labels-1-20' } }]);
  }, 420_000);
});
