import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { type Figure, figure, type Suite } from './figures.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

const named = { task: z.string(), algorithm: z.string() };
const seconds = z.object({ wall: z.number(), processor: z.number() });
const timed = z.object({
  ...named,
  rounds: z.array(z.object({ plain: seconds, own: seconds })),
  /** Why there are no rounds. */
  reason: z.string().nullable(),
  /** False where scikit-learn itself takes too long: then there is nothing to hold the trainer against. */
  isComparable: z.boolean(),
});
const searched = z.object({
  data: z.string(),
  points: z.int(),
  best: z.number(),
  trials: z.array(z.int().nullable()),
});
const compared = z.object({
  ...named,
  rows: z.int(),
  differing: z.int().nullable(),
  difference: z.number().nullable(),
});

/** The JSON lines that a program of this folder prints. */
async function linesOf<Schema extends z.ZodType>(
  program: string,
  schema: Schema,
  onLine: (line: z.infer<Schema>) => void,
): Promise<z.infer<Schema>[]> {
  const child = spawn('.venv/bin/python', [`bench/${program}`], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const lines: z.infer<Schema>[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const line = schema.parse(JSON.parse(text));
    onLine(line);
    lines.push(line);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return lines;
}

/**
 * What the trainers cost beside scikit-learn, how far what is served is from what was trained, and how soon a search
 * finds what a grid finds.
 *
 * A trainer may take 1 s and a tenth longer than the plain program; a figure is what it takes beyond that tenth. Parity
 * is judged by the worst algorithm.
 */
export const trainingSuite: Suite = async ({ say }) => {
  const parity = await linesOf('training_parity.py', compared, (line) => {
    const { task, algorithm, rows, differing, difference } = line;
    const labels = differing === null ? 'no labels' : `${differing} labels differ`;
    say(`${task} ${algorithm}: ${labels}, difference ${difference ?? 'none to measure'}, ${rows} rows`);
  });
  const labels = parity.flatMap(({ differing }) => (differing === null ? [] : [differing]));
  const differences = parity.flatMap(({ difference }) => (difference === null ? [] : [difference]));
  const figures: Figure[] = [
    figure(`labels that differ, most of ${labels.length} algorithms`, [Math.max(...labels)], 'rows', 0),
    figure(
      `difference of scores or values, most of ${differences.length} algorithms`,
      [Math.max(...differences)],
      '1',
      1e-5,
    ),
  ];
  await linesOf('training_tuning.py', searched, ({ data, points, best, trials }) => {
    say(
      `${data}: the grid of ${points} finds ${best}; the Bayesian search after ${trials.join(', ')} trials`,
    );
    // A search that did not find it counts as one that needed more than the grid.
    const shares = trials.map((count) => (count ?? 2 * points) / points);
    figures.push(figure(`trials to the grid's best, ${data}, as a share of the grid's`, shares, '1', 1 / 3));
  });
  await linesOf('training_time.py', timed, ({ task, algorithm, rounds, reason, isComparable }) => {
    if (reason !== null) say(`${task} ${algorithm}: not measured, ${reason}`);
    if (!isComparable) return;
    for (const { plain, own } of rounds) {
      const [ours, theirs] = [own, plain].map((each) => `${each.wall.toFixed(2)} s`);
      const used = `of the processor ${own.processor.toFixed(2)} s and ${plain.processor.toFixed(2)} s`;
      say(`${task} ${algorithm}: ${ours}, plain scikit-learn ${theirs}; ${used}`);
    }
    const beyond = rounds.map(({ plain, own }) => own.wall - 1.1 * plain.wall);
    figures.push(figure(`${algorithm}, ${task}: beyond plain scikit-learn and a tenth`, beyond, 's', 1));
  });
  return figures;
};
