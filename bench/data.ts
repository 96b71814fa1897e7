import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bare,
  bareGate,
  type Checked,
  type Contestant,
  checks,
  gate,
  pythonPeers,
} from './data/contestants.ts';
import { classes, makeFile } from './data/make-file.ts';
import { onSpark } from './data/on-spark.ts';
import { type Figure, figure, median, type Suite } from './figures.ts';

const rows = 1_000_000;
const rounds = 5;
/** Files that grow, up to 2.7 GB. */
const growing = [1, 5, 20].map((millions) => millions * rows);

type Kind = 'clean' | 'with defects';

/** Defects counted otherwise than they were planted. */
function miscounted({ counts }: Checked, kind: Kind): number {
  const planted = kind === 'clean' ? 0 : rows / 1000;
  return classes.filter((name) => (counts[name] ?? 0) !== planted).length;
}

/**
 * 1,000,000 × 20 as CSV, clean and with 0.1 % of each of five defects: the whole gate and its checks alone beside one SQL
 * query on DuckDB, plain SQL that does what a gate does, pandera, pydantic and Great Expectations, each a process from
 * start to end. Then the branch of large files on Spark, and the gate on files of up to 20,000,000 rows. Every limit is on a ratio to another program of the same round.
 */
export const dataSuite: Suite = async ({ say }) => {
  const folder = mkdtempSync(join(tmpdir(), 'evergreen-bench-'));
  try {
    const peers = pythonPeers(say);
    const [pandera] = peers;
    if (!pandera) throw new Error('there is no peer');
    const figures: Figure[] = [];
    for (const kind of ['clean', 'with defects'] as const) {
      const path = join(folder, 'rows.csv');
      await makeFile(path, rows, kind === 'with defects');
      figures.push(...compare(path, kind, [bare, bareGate, checks, gate, pandera], peers.slice(1), say));
    }
    return [...figures, ...(await onSpark(folder, say)), ...(await grow(folder, say))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

function compare(
  path: string,
  kind: Kind,
  taking: Contestant[],
  once: Contestant[],
  say: (line: string) => void,
): Figure[] {
  const found = new Map<string, Checked[]>();
  const turn = (contestant: Contestant, round: string) => {
    const run = contestant.run(path);
    say(
      `${kind}, ${round}: ${contestant.name} ${run.seconds.toFixed(2)} s, ${run.megabytes.toFixed(0)} MB, ${classes.length - miscounted(run, kind)} of ${classes.length} classes counted right`,
    );
    found.set(contestant.name, [...(found.get(contestant.name) ?? []), run]);
  };
  bare.run(path);
  for (let round = 0; round < rounds; round++) {
    // Nobody is always the first.
    const order = [...taking.slice(round % taking.length), ...taking.slice(0, round % taking.length)];
    for (const contestant of order) turn(contestant, `round ${round + 1} of ${rounds}`);
  }
  for (const contestant of once) turn(contestant, 'once');

  const runsOf = ({ name }: Contestant) => found.get(name) ?? [];
  const ratios = (of: Contestant, to: Contestant, what: 'seconds' | 'megabytes') =>
    runsOf(of).map((run, round) => run[what] / (runsOf(to)[round]?.[what] ?? Number.NaN));
  const wrong = [gate, checks].flatMap(runsOf).reduce((sum, run) => sum + miscounted(run, kind), 0);
  const pandera = taking.at(-1) ?? gate;
  return [
    figure(`${kind}: classes counted wrong, of all rounds`, [wrong], '1', 0),
    figure(`${kind}: checks, time of bare DuckDB`, ratios(checks, bare, 'seconds'), '1', 1.15),
    figure(`${kind}: whole gate, time of bare DuckDB`, ratios(gate, bare, 'seconds'), '1', 2),
    figure(
      `${kind}: whole gate, time of plain SQL that does as much`,
      ratios(gate, bareGate, 'seconds'),
      '1',
      2,
    ),
    figure(`${kind}: whole gate, memory of that`, ratios(gate, bareGate, 'megabytes'), '1', 1.2),
    figure(`${kind}: whole gate, time of pandera's checks`, ratios(gate, pandera, 'seconds'), '1', 1),
    figure(`${kind}: whole gate, memory of bare DuckDB`, ratios(gate, bare, 'megabytes'), '1', 1.2),
  ];
}

async function grow(folder: string, say: (line: string) => void): Promise<Figure[]> {
  const runs: { rows: number; run: Checked }[] = [];
  for (const many of growing) {
    const path = join(folder, 'rows.csv');
    await makeFile(path, many, false);
    const run = gate.run(path);
    say(`${many} rows: ${run.seconds.toFixed(1)} s, ${run.megabytes.toFixed(0)} MB`);
    runs.push({ rows: many, run });
  }
  const [first] = runs;
  const last = runs.at(-1);
  if (!first || !last) throw new Error('nothing was measured');
  const perRow = ({ rows: many, run }: typeof first) => run.seconds / many;
  return [
    figure(
      `${last.rows} rows: time for each, of that at ${first.rows}`,
      [perRow(last) / perRow(first)],
      '1',
      1.25,
    ),
    figure(
      'memory, the largest of all sizes',
      [Math.max(...runs.map(({ run }) => run.megabytes))],
      'MB',
      4000,
    ),
    figure(
      `memory, ${last.rows} rows of ${growing[1]}`,
      [last.run.megabytes / median(runs.slice(1, 2).map(({ run }) => run.megabytes))],
      '1',
      1.25,
    ),
  ];
}
