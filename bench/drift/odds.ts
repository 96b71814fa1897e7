import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { shifts } from '../../lib/monitoring/fixtures/drift-odds.ts';
import { wilsonBounds } from '../../lib/statistics/wilson.ts';
import { type Figure, figure, figureAtLeast, type Suite } from '../figures.ts';
import { environmentOf } from '../python-environment.ts';
import { quietMonth, type Sample, shiftedSamples } from './odds-streams.ts';
import { rowsForMean, rowsForShare } from './theory.ts';

const z95 = 1.959963984540054;
const peers = join(import.meta.dirname, 'peers');
const libraries = { Evidently: 'evidently', NannyML: 'nannyml' };

const train = 5000;
/** Of which the libraries judge the first hundred. */
const repeats = 400;
const judgedByOthers = 100;
const months = { each: 10, trains: [500, 2000], hourly: 40 };

/** Tests in the family of a measurement of 20 features, five of each kind. */
const tests = 5 * (3 + 3 + 4 + 1);

/** The level that is left for one test. */
const level = 0.001 / tests;

/** Live rows that theory needs for each change. */
const planted = {
  'mean + 0.5 sd': rowsForMean(0.5, train, level),
  'category 30 % to 40 %': rowsForShare(0.3, 0.4, train, level),
  'missing 0 % to 5 %': rowsForShare(0, 0.05, train, level),
  'missing 5 % to 10 %': rowsForShare(0.05, 0.1, train, level),
};

/** A share with its 95 % interval. */
function shown(hits: number, trials: number): string {
  const { least, most } = wilsonBounds(hits, trials, z95);
  const percent = (share: number) => (share * 100).toFixed(1);
  return `${percent(hits / trials)} % (95 % from ${percent(least)} to ${percent(most)}, n = ${trials})`;
}

/** Which columns a library names in each sample. */
async function namedBy(
  library: string,
  samples: readonly Sample[],
  say: (line: string) => void,
): Promise<string[][]> {
  const python = join(environmentOf(join(peers, `requirements-${library}.txt`), say), 'python');
  const folder = mkdtempSync(join(tmpdir(), 'evergreen-odds-'));
  try {
    const file = join(folder, 'samples.jsonl');
    writeFileSync(file, samples.map((sample) => JSON.stringify(sample)).join('\n'));
    const { stdout } = await promisify(execFile)(python, [join(peers, 'streams.py'), library, file], {
      maxBuffer: 1 << 26,
      env: {
        ...process.env,
        NML_DISABLE_USAGE_LOGGING: '1',
        DO_NOT_TRACK: '1',
        PYTHONDONTWRITEBYTECODE: '1',
      },
    });
    return stdout
      .trim()
      .split('\n')
      .map((line) => z.array(z.string()).parse(JSON.parse(line)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function sayOthers(
  what: string,
  samples: readonly Sample[],
  say: (line: string) => void,
): Promise<void> {
  const told = Object.entries(libraries).map(async ([name, library]) => {
    const found = await namedBy(library, samples, say);
    return `${what}: ${name} ${shown(found.filter(({ length }) => length > 0).length, samples.length)}`;
  });
  for (const line of await Promise.all(told)) say(line);
}

/** How often drift is found in months without any, and where it was planted, beside Evidently and NannyML on the same rows. */
export const driftOdds: Suite = async ({ say }) => [...(await falseAlarms(say)), ...(await detection(say))];

async function falseAlarms(say: (line: string) => void): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const size of months.trains) {
    const all = Array.from({ length: months.each }, (_, seed) =>
      quietMonth({ train: size, hourly: months.hourly, seed: seed + size }),
    );
    const drifted = all.reduce((sum, month) => sum + month.drifted, 0);
    const measured = all.reduce((sum, month) => sum + month.measured, 0);
    const label = `20 features, ${size} training rows, nothing changed`;
    const raised = all.map((month) => month.raised);
    say(
      `${label}: ${raised.reduce((sum, count) => sum + count, 0)} alarms in ${months.each} months; measurements that found drift ${shown(drifted, measured)}`,
    );
    figures.push(figure(`${label}: alarms in a month, mean`, [mean(raised)], '1', 1));
    await sayOthers(`${label}: days that name a feature`, all[0]?.samples ?? [], say);
  }
  return figures;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function detection(say: (line: string) => void): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [name, needed] of Object.entries(planted)) {
    const shifted = shifts[name];
    if (!shifted) throw new Error(`no shift is called ${name}`);
    const live = Math.ceil(1.5 * needed);
    const { found, samples } = shiftedSamples(shifted, { train, live, repeats, seed: 16 });
    const label = `${name} in one of 20 features, ${live} live rows (theory × 1.5)`;
    say(`${label}: found ${shown(found, repeats)}`);
    figures.push(figureAtLeast(`${label}: found`, [found / repeats], '1', 0.9));
    await sayOthers(label, samples.slice(0, judgedByOthers), say);
  }
  return figures;
}
