import * as z from 'zod';
import { type Clone, lastJson, withClone } from './clone.ts';
import { type Figure, figure, type Suite } from './figures.ts';
import { functionSizes, measureStarts } from './predict-function.ts';

const uploadRounds = 5;
const rollbackRounds = 4;
const coldRounds = 5;

const started = z.object({ prediction: z.object({ version: z.int() }), seconds: z.number() });
const watched = z.object({
  run: z.object({ status: z.string(), createdAt: z.string(), endedAt: z.string() }),
  states: z.array(z.object({ part: z.string(), state: z.string(), seconds: z.number() })),
});
const listed = z.object({ live: z.object({ champion: z.object({ version: z.int() }) }) });
const answered = z.object({ replies: z.array(z.object({ version: z.int() })) });
const addresses = z.object({ stack: z.object({ apiUrl: z.string() }) });

async function uploads(clone: Clone, say: (line: string) => void): Promise<Figure[]> {
  const whole: number[] = [];
  const rest: number[] = [];
  for (let round = 1; round <= uploadRounds; round += 1) {
    const { run: ended, states } = await clone.evergreen(
      watched,
      'upload',
      'iris',
      clone.variant(round),
      '--wait',
    );
    if (ended.status !== 'promoted') throw new Error(`round ${round} ended as ${ended.status}`);
    const seconds = (Date.parse(ended.endedAt) - Date.parse(ended.createdAt)) / 1000;
    const training = states
      .filter(({ part, state }) => `${part} ${state}` === 'training Train')
      .reduce((sum, state) => sum + state.seconds, 0);
    say(`upload ${round}: ${seconds.toFixed(2)} s, of which training ${training.toFixed(2)} s`);
    whole.push(seconds);
    rest.push(seconds - training);
  }
  return [figure('upload to champion', whole, 's', 12), figure('of which all but training', rest, 's', 6)];
}

/** From the command to the first answer of the version before. */
async function rollbacks(clone: Clone, say: (line: string) => void): Promise<Figure> {
  const seconds: number[] = [];
  await clone.evergreen(addresses, 'status');
  for (let round = 1; round <= rollbackRounds; round += 1) {
    const before = await clone.evergreen(listed, 'models', 'list', 'iris');
    const began = performance.now();
    await clone.evergreen(z.unknown(), 'models', 'rollback', 'iris', '--why', 'benchmark');
    const row = '{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}';
    for (;;) {
      const { replies } = await clone.evergreen(answered, 'predict', 'iris', '--row', row);
      if (replies[0]?.version !== before.live.champion.version) break;
    }
    seconds.push((performance.now() - began) / 1000);
    say(`rollback ${round}: ${seconds.at(-1)?.toFixed(2)} s`);
  }
  return figure('rollback to the version before answering', seconds, 's', 6);
}

/**
 * The two commands of the README, timed on a fresh clone with warm package caches, then the loop itself.
 *
 * The engine runs with its shortest bake time. Every figure ends with a checked result, not with a command's return.
 */
export const loopSuite: Suite = ({ say }) =>
  withClone(say, async (clone, clonedSeconds) => {
    const first = await clone.start();
    started.parse(lastJson(first.stdout));
    const firstSeconds = clonedSeconds + first.seconds;
    say(`clone and first start: ${firstSeconds.toFixed(1)} s`);
    const again: number[] = [];
    for (const _ of [1, 2, 3]) {
      const next = await clone.start();
      started.parse(lastJson(next.stdout));
      say(`start again: ${next.seconds.toFixed(1)} s`);
      again.push(next.seconds);
    }
    await clone.up();
    const figures = [
      figure('clone to first prediction, and everything stopped again', [firstSeconds], 's', 180),
      figure('start again to prediction, and everything stopped again', again, 's', 25),
      ...(await uploads(clone, say)),
      await rollbacks(clone, say),
    ];
    const starts = await measureStarts(clone, coldRounds);
    const { bundleMb, layerMb } = functionSizes(clone.folder);
    return [
      ...figures,
      figure(
        'new process to first answer',
        starts.map(({ totalMs }) => totalMs),
        'ms',
        400,
      ),
      figure('predict function with its layer, unpacked', [bundleMb + layerMb], 'MB', 60),
    ];
  });
