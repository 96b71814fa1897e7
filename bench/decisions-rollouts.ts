import { wilsonBounds } from '../lib/statistics/wilson.ts';
import { type Figure, figure, figureAtLeast, median } from './figures.ts';
import {
  type Behaviour,
  type Ending,
  goodModel,
  simulateRollout,
  type Traffic,
} from './simulated-rollout.ts';

const traffic: Traffic = {
  requests: 2000,
  weight: 20,
  classes: [0.5, 0.3, 0.2],
  labelShare: 0.5,
  swing: 0.3,
};

/** Whatever is wrong with a candidate, one thing at a time. */
const wrong = {
  'a constant': { isConstant: true },
  'errors + 5 points': { errorShare: 0.06 },
  'errors × 2': { errorShare: 0.02 },
  'latency × 2': { medianLatencyMs: 80 },
  'accuracy − 5 points': { accuracy: 0.85 },
} satisfies Record<string, Partial<Behaviour>>;

interface Case {
  name: string;
  candidate: Partial<Behaviour>;
  traffic: Partial<Traffic>;
  rollouts: number;
  /** Most, or least, share of rollouts that may, or must, be rolled back; without one the figure is only told. */
  most?: number;
  least?: number;
}

const sizes: [number, number][] = [
  [200, 400],
  [2000, 400],
  [20_000, 60],
];

const equal = (requests: number, rollouts: number): Case => ({
  name: 'an equal model',
  candidate: {},
  traffic: { requests },
  rollouts,
  most: 0.01,
});

/** With so many requests the sample suffices, by what the rule says of itself (`detectable`). */
const sufficient = (name: keyof typeof wrong, requests: number, rollouts: number): Case => ({
  name,
  candidate: wrong[name],
  traffic: { requests },
  rollouts,
  least: 0.99,
});

const cases: Case[] = [
  equal(50, 4000),
  equal(200, 4000),
  equal(2000, 2000),
  equal(20_000, 400),
  equal(50_000, 100),
  {
    name: 'an equal model, a class of 1 %',
    candidate: {},
    traffic: { classes: [0.99, 0.01] },
    rollouts: 2000,
    most: 0.01,
  },
  ...Object.entries(wrong).flatMap(([name, candidate]) =>
    sizes.map(([requests, rollouts]): Case => ({ name, candidate, traffic: { requests }, rollouts })),
  ),
  sufficient('a constant', 1000, 400),
  sufficient('errors + 5 points', 6000, 300),
  sufficient('errors × 2', 40_000, 200),
  sufficient('latency × 2', 3000, 300),
  sufficient('accuracy − 5 points', 20_000, 400),
];

/** How many ended badly, with its 95 % interval, and what the candidate got until the end, however it ended. */
function tellEndings(endings: readonly Ending[]): string {
  const bad = endings.filter(({ isRolledBack }) => isRolledBack).length;
  const { least, most } = wilsonBounds(bad, endings.length, 1.959963984540054);
  const [share, from, to] = [bad / endings.length, least, most].map((each) => (each * 100).toFixed(2));
  const spent = median(endings.map((ending) => ending.spent));
  return `${bad} of ${endings.length} rolled back, ${share} % (95 % from ${from} to ${to}), after ${spent} requests of the candidate`;
}

/** Rollouts of good and of bad candidates, under the judge and under a canary that looks at errors alone. */
export function rolloutFigures(say: (line: string) => void): Figure[] {
  const figures: Figure[] = [];
  for (const { name, candidate, rollouts, most, least, ...each } of cases) {
    const how = { ...traffic, ...each.traffic };
    const label = `${name}, ${how.requests} requests at ${how.weight} %`;
    const run = (rule: 'product' | 'errors only') =>
      Array.from({ length: rollouts }, (_, seed) =>
        simulateRollout({ ...goodModel, ...candidate }, how, seed, rule),
      );
    const endings = run('product');
    say(`${label}: ${tellEndings(endings)}`);
    say(`${label}, judged on errors only: ${tellEndings(run('errors only'))}`);
    const share = endings.filter(({ isRolledBack }) => isRolledBack).length / rollouts;
    if (most !== undefined) figures.push(figure(`${label}: refused`, [share], '1', most));
    if (least !== undefined) figures.push(figureAtLeast(`${label}: rolled back`, [share], '1', least));
  }
  return figures;
}
