import { wilsonBounds } from '../lib/statistics/wilson.ts';
import { driftOdds } from './drift/odds.ts';
import { qualityOdds } from './drift/quality-odds.ts';
import { type Figure, figure, figureAtLeast, median, type Suite } from './figures.ts';
import { type Behaviour, goodModel, simulateRollout, type Traffic } from './simulated-rollout.ts';

const traffic: Traffic = {
  requests: 2000,
  weight: 20,
  classes: [0.5, 0.3, 0.2],
  labelShare: 0.5,
  swing: 0.3,
};

/** Whatever is wrong with a candidate, one thing at a time. */
const wrong: Record<string, Partial<Behaviour>> = {
  'a constant': { isConstant: true },
  'errors + 5 points': { errorShare: 0.06 },
  'latency × 2': { medianLatencyMs: 80 },
  'accuracy − 5 points': { accuracy: 0.85 },
};

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

const cases: Case[] = [
  { name: 'an equal model', candidate: {}, traffic: { requests: 50 }, rollouts: 4000, most: 0.01 },
  { name: 'an equal model', candidate: {}, traffic: { requests: 200 }, rollouts: 4000, most: 0.01 },
  { name: 'an equal model', candidate: {}, traffic: { requests: 2000 }, rollouts: 2000, most: 0.01 },
  { name: 'an equal model', candidate: {}, traffic: { requests: 20_000 }, rollouts: 400, most: 0.01 },
  { name: 'an equal model', candidate: {}, traffic: { requests: 50_000 }, rollouts: 100, most: 0.01 },
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
  // Where the sample suffices by what the rule says of itself (`detectable`).
  {
    name: 'a constant',
    candidate: wrong['a constant'] ?? {},
    traffic: { requests: 1000 },
    rollouts: 400,
    least: 0.99,
  },
  {
    name: 'errors + 5 points',
    candidate: wrong['errors + 5 points'] ?? {},
    traffic: { requests: 6000 },
    rollouts: 300,
    least: 0.99,
  },
  {
    name: 'latency × 2',
    candidate: wrong['latency × 2'] ?? {},
    traffic: { requests: 3000 },
    rollouts: 300,
    least: 0.99,
  },
  {
    name: 'accuracy − 5 points',
    candidate: wrong['accuracy − 5 points'] ?? {},
    traffic: { requests: 20_000 },
    rollouts: 400,
    least: 0.99,
  },
];

/** How often rollouts of good and of bad candidates end as they should, and what the bad ones cost. */
export const decisionsSuite: Suite = async ({ say }) => {
  const figures: Figure[] = [];
  for (const { name, candidate, rollouts, most, least, ...each } of cases) {
    const how = { ...traffic, ...each.traffic };
    const endings = Array.from({ length: rollouts }, (_, seed) =>
      simulateRollout({ ...goodModel, ...candidate }, how, seed),
    );
    const bad = endings.filter(({ isRolledBack }) => isRolledBack);
    const share = bad.length / rollouts;
    const bounds = wilsonBounds(bad.length, rollouts, 1.959963984540054);
    const spent = bad.length > 0 ? median(bad.map((ending) => ending.spent)) : Number.NaN;
    const label = `${name}, ${how.requests} requests at ${how.weight} %`;
    say(
      `${label}: ${bad.length} of ${rollouts} rolled back, ${(share * 100).toFixed(2)} % (95 % from ${(bounds.least * 100).toFixed(2)} to ${(bounds.most * 100).toFixed(2)}), after ${spent} requests of the candidate`,
    );
    if (most !== undefined) figures.push(figure(`${label}: refused`, [share], '1', most));
    if (least !== undefined) figures.push(figureAtLeast(`${label}: rolled back`, [share], '1', least));
  }
  return [...figures, ...(await driftOdds({ say })), ...(await qualityOdds({ say }))];
};
