import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Figure, figure, type Suite } from './figures.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

const named = { task: z.string(), algorithm: z.string() };
const timed = z.object({
  ...named,
  rounds: z.array(z.object({ plain: z.number(), own: z.number() })).min(1),
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
 * What the trainers cost beside scikit-learn, and how far what is served is from what was trained.
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
  await linesOf('training_time.py', timed, ({ task, algorithm, rounds }) => {
    for (const { plain, own } of rounds) {
      say(`${task} ${algorithm}: ${own.toFixed(2)} s, plain scikit-learn ${plain.toFixed(2)} s`);
    }
    const beyond = rounds.map(({ plain, own }) => own - 1.1 * plain);
    figures.push(figure(`${algorithm}, ${task}: beyond plain scikit-learn and a tenth`, beyond, 's', 1));
  });
  return figures;
};
