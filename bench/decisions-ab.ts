import { wilsonBounds } from '../lib/statistics/wilson.ts';
import { type Figure, figure, figureAtLeast, median } from './figures.ts';
import { type AbEnding, type AbTraffic, simulateAb } from './simulated-ab.ts';

const equal: AbTraffic = {
  rows: 3000,
  share: 50,
  looks: 168,
  days: 14,
  callers: 0,
  callerSpread: 0,
  championAccuracy: 0.9,
  candidateAccuracy: 0.9,
  swing: 0.05,
};

interface Case {
  name: string;
  traffic: Partial<AbTraffic>;
  tests: number;
  /** What must come of it, and in which share of the tests at least; of equal models any verdict is false. */
  wanted: 'promote' | 'roll-back' | 'no verdict';
  /** Who must be promoted, and who must be taken out before. @default - the candidate, and nobody */
  winner?: number;
  worse?: number[];
}

const cases: Case[] = [
  { name: 'equal', traffic: {}, tests: 600, wanted: 'no verdict' },
  { name: 'equal, a share of 10 %', traffic: { share: 10 }, tests: 600, wanted: 'no verdict' },
  {
    name: 'equal, right in 99 of 100',
    traffic: { championAccuracy: 0.99, candidateAccuracy: 0.99, swing: 0 },
    tests: 600,
    wanted: 'no verdict',
  },
  {
    name: 'equal, 600 callers that come again',
    traffic: { callers: 600, callerSpread: 0.08 },
    tests: 600,
    wanted: 'no verdict',
  },
  {
    name: '3 points better',
    traffic: { candidateAccuracy: 0.93, rows: 20_000 },
    tests: 200,
    wanted: 'promote',
  },
  {
    name: '5 points better',
    traffic: { candidateAccuracy: 0.95, rows: 6000 },
    tests: 200,
    wanted: 'promote',
  },
  {
    name: '5 points worse',
    traffic: { candidateAccuracy: 0.85, rows: 6000 },
    tests: 200,
    wanted: 'roll-back',
  },
  { name: 'three equal', traffic: { share: 25, others: [0.9, 0.9] }, tests: 600, wanted: 'no verdict' },
  {
    name: 'three equal, right in 99 of 100',
    traffic: {
      share: 25,
      championAccuracy: 0.99,
      candidateAccuracy: 0.99,
      others: [0.99, 0.99],
      swing: 0,
    },
    tests: 600,
    wanted: 'no verdict',
  },
  {
    name: 'three equal, 600 callers that come again',
    traffic: { share: 25, others: [0.9, 0.9], callers: 600, callerSpread: 0.08 },
    tests: 600,
    wanted: 'no verdict',
  },
  {
    name: 'three, the third 5 points better',
    traffic: { share: 25, others: [0.9, 0.95], rows: 12_000 },
    tests: 200,
    wanted: 'promote',
    winner: 4,
  },
  {
    name: 'three, one 10 points worse, one equal, one 3 points better',
    traffic: { share: 25, candidateAccuracy: 0.8, others: [0.9, 0.93], rows: 40_000 },
    tests: 200,
    wanted: 'promote',
    winner: 4,
    worse: [2],
  },
];

const falseVerdicts = 0.05;
const power = 0.9;

/** How often A/B tests of equal and of different models end with a verdict, looked at every two hours. */
export function abFigures(say: (line: string) => void): Figure[] {
  return cases.map(({ name, traffic, tests, wanted, winner = 2, worse = [] }) => {
    const how = { ...equal, ...traffic };
    const label = `A/B test, ${name}, ${how.rows} labelled rows in ${how.days} days`;
    const endings = Array.from({ length: tests }, (_, seed) => simulateAb(how, seed));
    const decided = endings.filter(({ verdict }) => verdict !== 'not-enough-data');
    const isWanted = (ending: AbEnding) =>
      ending.verdict === wanted &&
      (wanted === 'roll-back' || (ending.winner === winner && ending.worse.join() === worse.join()));
    const hits = wanted === 'no verdict' ? decided : decided.filter(isWanted);
    const peeked = endings.filter((ending) => ending.peeked !== 'nothing').length;
    const { least, most } = wilsonBounds(hits.length, tests, 1.959963984540054);
    const [share, from, to] = [hits.length / tests, least, most].map((each) => (each * 100).toFixed(1));
    const verdict = wanted === 'no verdict' ? 'a verdict' : wanted;
    const when =
      decided.length === 0
        ? ''
        : `, after ${median(decided.map(({ days }) => days)).toFixed(1)} days and ${median(decided.map(({ spent }) => spent))} rows of candidates`;
    say(
      `${label}: ${verdict} in ${hits.length} of ${tests}, ${share} % (95 % from ${from} to ${to})${when}; a test of two shares at 5 % at each look finds something in ${((peeked / tests) * 100).toFixed(1)} %`,
    );
    const values = [hits.length / tests];
    return wanted === 'no verdict'
      ? figure(`${label}: false verdicts`, values, '1', falseVerdicts)
      : figureAtLeast(`${label}: ${wanted}`, values, '1', power);
  });
}
