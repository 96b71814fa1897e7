import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { seededRandom } from '../lib/shared/random.ts';
import { type Figure, figure, type Suite } from './figures.ts';

const rows = 1_000_000;
/** Of each class of defect, in a file that has any. */
const planted = rows / 1000;
const rounds = 3;
const program = fileURLToPath(new URL('data-gate.ts', import.meta.url));

const passed = z.object({
  verdict: z.string(),
  seconds: z.number(),
  megabytes: z.number(),
  rows: z.object({ read: z.int(), accepted: z.int(), quarantined: z.int() }),
  problemsByRule: z.record(z.string(), z.int()),
});

/** Every so many rows one is broken, each in one way of five. */
const defects: ((cells: string[]) => string[])[] = [
  (cells) => cells.with(0, ''),
  (cells) => cells.with(1, '99'),
  (cells) => cells.with(2, 'tall'),
  (cells) => cells.with(16, 'violet'),
  (cells) => cells.slice(0, -1),
];
const expected = { missing: planted, range: planted, type: planted, category: planted, shape: planted };

async function writeRows(path: string, isBroken: boolean): Promise<void> {
  const random = seededRandom(7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const colour = () => ['red', 'green', 'blue'][Math.floor(3 * random())] ?? '';
  const stream = createWriteStream(path);
  const names = [...Array(12).keys()].map((i) => `n${i}`);
  stream.write(`${[...names, 'i0', 'i1', 'i2', 'i3', 'c0', 'c1', 'c2', 'y'].join(',')}\n`);
  const every = rows / (planted * defects.length);
  for (let row = 0; row < rows; row++) {
    const numbers = names.map(normal);
    const isYes = (numbers[0] ?? 0) + (numbers[1] ?? 0) + normal() > 0;
    const sound = [
      ...numbers.map((value) => value.toFixed(5)),
      ...Array.from({ length: 4 }, () => String(Math.floor(1000 * random()))),
      colour(),
      colour(),
      colour(),
      isYes ? 'yes' : 'no',
    ];
    const defect = isBroken && row % every === 0 ? defects[(row / every) % defects.length] : undefined;
    const isFull = !stream.write(`${(defect ? defect(sound) : sound).join(',')}\n`);
    if (isFull) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
}

/** The whole gate on 1,000,000 rows of 20 columns, without and with planted defects, each found with its exact count. */
export const dataSuite: Suite = async ({ say }) => {
  const folder = mkdtempSync(join(tmpdir(), 'evergreen-bench-'));
  const figures: Figure[] = [];
  try {
    for (const isBroken of [false, true]) {
      const what = isBroken ? 'with defects' : 'clean';
      const path = join(folder, `${isBroken}.csv`);
      await writeRows(path, isBroken);
      const found = Array.from({ length: rounds }, (_, round) => {
        say(`${what}, round ${round + 1} of ${rounds}`);
        return passed.parse(
          JSON.parse(execFileSync(process.execPath, [program, path], { encoding: 'utf8' })),
        );
      });
      const wrong = found.filter(
        ({ problemsByRule }) =>
          JSON.stringify(Object.entries(problemsByRule).sort()) !==
          JSON.stringify(isBroken ? Object.entries(expected).sort() : []),
      );
      figures.push(
        figure(
          `gate, ${what}`,
          found.map(({ seconds }) => seconds),
          's',
          32,
        ),
        figure(
          `memory beyond the file, ${what}`,
          found.map(({ megabytes }) => megabytes),
          'MB',
          2500,
        ),
        figure(`rounds with a wrong count, ${what}`, [wrong.length], '1', 0),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return figures;
};
