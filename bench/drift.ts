import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bare, type Contestant, own, pythonPeers, type Run } from './drift/contestants.ts';
import { makeFiles, planted } from './drift/make-files.ts';
import { type Figure, figure, figureAtLeast, median, type Suite } from './figures.ts';

const rows = 1_000_000;
const rounds = 5;

/** Columns that differ and were not named, and columns that were and do not. */
function wrongNames({ named }: Run): { missed: string[]; false: string[] } {
  return {
    missed: Object.keys(planted).filter((name) => !named.includes(name)),
    false: named.filter((name) => planted[name] === undefined),
  };
}

const list = (names: string[]) => (names.length === 0 ? 'none' : names.join(', '));

function describe(name: string, runs: Run[]): string {
  const [first] = runs;
  if (!first) return `${name}: not run`;
  const { missed, false: wrong } = wrongNames(first);
  const seconds = median(runs.map((run) => run.seconds)).toFixed(1);
  const megabytes = median(runs.map((run) => run.megabytes)).toFixed(0);
  return `${name}: ${seconds} s, ${megabytes} MB; missed ${list(missed)}; wrongly named ${list(wrong)}`;
}

/**
 * Reference and current of 1,000,000 × 20, six columns shifted: compared by `evergreen drift`, by SQL alone and by the
 * field's libraries, each a process from start to end. Every limit is on a ratio to the SQL of the same round.
 */
export const driftSuite: Suite = async ({ say }) => {
  const work = mkdtempSync(join(tmpdir(), 'evergreen-drift-'));
  try {
    say(`writing two files of ${rows} rows`);
    const files = await makeFiles(work, rows);
    const profile = join(work, 'profile.json');
    const byRows = own('evergreen drift', files, files.reference);
    const byProfile = own('evergreen drift, stored profile', files, profile);
    const sql = bare(files);
    const [byHand, ...libraries] = pythonPeers(files, say);
    if (!byHand) throw new Error('there is no peer');
    // Fills the caches, and keeps the profile.
    own('', files, files.reference, '--save-profile', profile).run();

    const found = new Map<string, Run[]>();
    const turn = (contestant: Contestant, round: string) => {
      const run = contestant.run();
      say(`${round}: ${contestant.name} ${run.seconds.toFixed(2)} s, ${run.megabytes.toFixed(0)} MB`);
      found.set(contestant.name, [...(found.get(contestant.name) ?? []), run]);
    };
    const taking = [sql, byRows, byProfile, byHand];
    for (let round = 0; round < rounds; round++) {
      // Nobody is always the first.
      const order = [...taking.slice(round % taking.length), ...taking.slice(0, round % taking.length)];
      for (const contestant of order) turn(contestant, `round ${round + 1} of ${rounds}`);
    }
    for (const contestant of libraries) turn(contestant, 'once');

    const runsOf = ({ name }: Contestant) => found.get(name) ?? [];
    for (const contestant of [...taking, ...libraries]) say(describe(contestant.name, runsOf(contestant)));
    return figuresOf(runsOf, { sql, byRows, byProfile, others: [byHand, ...libraries] });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

function figuresOf(
  runsOf: (contestant: Contestant) => Run[],
  {
    sql,
    byRows,
    byProfile,
    others,
  }: Record<'sql' | 'byRows' | 'byProfile', Contestant> & { others: Contestant[] },
): Figure[] {
  const ratios = (contestant: Contestant, of: (run: Run) => number, to = sql) =>
    runsOf(contestant).map((run, round) => {
      const beside = runsOf(to)[round];
      return beside ? of(run) / of(beside) : Number.NaN;
    });
  /** Over all rounds: not one may be wrong. */
  const wrong = (contestant: Contestant) => [
    runsOf(contestant)
      .map(wrongNames)
      .reduce((sum, { missed, false: named }) => sum + missed.length + named.length, 0),
  ];
  const seconds = (run: Run) => run.seconds;
  const megabytes = (run: Run) => run.megabytes;
  return [
    figure(`${byRows.name}: columns missed or wrongly named`, wrong(byRows), '1', 0),
    figure(`${byRows.name}: time, of bare DuckDB`, ratios(byRows, seconds), '1', 1.5),
    figure(`${byRows.name}: memory, of bare DuckDB`, ratios(byRows, megabytes), '1', 1.2),
    figure(`${byProfile.name}: columns missed or wrongly named`, wrong(byProfile), '1', 0),
    figure(`${byProfile.name}: time, of bare DuckDB`, ratios(byProfile, seconds), '1', 0.7),
    figure(`${byProfile.name}: memory, of bare DuckDB`, ratios(byProfile, megabytes), '1', 1.2),
    ...others.map((peer) =>
      figureAtLeast(`${peer.name}: time, of evergreen drift`, ratios(peer, seconds, byRows), '1', 1),
    ),
  ];
}
