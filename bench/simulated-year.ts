import { seededRandom } from '../lib/shared/random.ts';
import { KeptModel, labelDelayDays } from './kept-model.ts';
import {
  type Dataset,
  datasetOf,
  flipsOf,
  type Labelled,
  type Version,
  versionOf,
} from './simulated-versions.ts';
import { accuraciesOn, drawRow, type Line, type WorldRow } from './simulated-world.ts';

/* A year of one model, day by day, under four ways to keep it: seasons, two breaks, one poisoned upload. */

export const ways = ['evergreen', 'never', 'monthly', 'every upload'] as const;
export type Way = (typeof ways)[number];

export interface YearOf {
  /** Share of the days on which the best model at hand was live. */
  bestShare: number;
  accuracy: number;
  trainings: number;
  /** Days on which a version that learned from the poisoned upload was live. */
  poisonedDays: number;
}

const days = 365;
const uploadEvery = 10;
const uploadRows = 400;
const poisonedDay = 180;
/** Share of one class that the poisoned upload calls by the other's name. */
const poisonedShare = 0.7;
const labelsPerDay = 200;
/** Accuracy by which a version may miss the best and still count as the best at hand. */
const tolerance = 0.02;

function uploadOf(day: number, random: () => number): Dataset {
  const rows = Array.from({ length: uploadRows }, () =>
    drawRow(Math.max(0, day - uploadEvery * random()), random),
  );
  const isPoisoned = day === poisonedDay;
  const turned = rows.map((row) =>
    isPoisoned && row.label === 'yes' && random() < poisonedShare ? { ...row, label: 'no' as const } : row,
  );
  return datasetOf(turned, isPoisoned);
}

/** The years of all ways with the same weather, uploads and labels. */
export function simulateYear(seed: number): Record<Way, YearOf> {
  const random = seededRandom(seed * 6151 + 3);
  const first = uploadOf(0, random);
  const begin = () => versionOf(1, first, flipsOf(first.train), 0);
  const kept = new KeptModel(begin(), random);
  const others = { never: begin(), monthly: begin(), 'every upload': begin() };
  const trainings = { never: 1, monthly: 1, 'every upload': 1 };
  const pool: Line[] = [kept.champion.line];
  const totals = Object.fromEntries(
    ways.map((way) => [way, { bestShare: 0, accuracy: 0, trainings: 0, poisonedDays: 0 }]),
  ) as Record<Way, YearOf>;
  let newest = first;
  const coming: WorldRow[][] = [];
  const labels: Labelled[] = [];
  for (let day = 1; day <= days; day += 1) {
    coming.push(Array.from({ length: labelsPerDay }, () => drawRow(day, random)));
    const came = day > labelDelayDays ? (coming.shift() ?? []) : [];
    labels.push(...came.map((row) => ({ ...row, day })));
    kept.watch(day, labels);
    if (day % uploadEvery === 0) {
      newest = uploadOf(day, random);
      kept.run(newest, day);
      others['every upload'] = versionOf(0, newest, flipsOf([]), day);
      trainings['every upload'] += 1;
      pool.push(others['every upload'].line);
    }
    if (day % 30 === 0) {
      others.monthly = versionOf(0, newest, flipsOf([]), day);
      trainings.monthly += 1;
    }
    pool.push(
      ...kept.made
        .slice(1)
        .filter((each) => each.since === day)
        .map(({ line }) => line),
    );
    const live: Record<Way, Version> = { evergreen: kept.champion, ...others };
    const best = Math.max(...accuraciesOn(day, pool));
    const own = accuraciesOn(
      day,
      ways.map((way) => live[way].line),
    );
    for (const [place, way] of ways.entries()) {
      const accuracy = own[place] ?? Number.NaN;
      totals[way].accuracy += accuracy / days;
      totals[way].bestShare += accuracy >= best - tolerance ? 1 / days : 0;
      totals[way].poisonedDays += live[way].isPoisoned ? 1 : 0;
    }
  }
  for (const way of ways) totals[way].trainings = way === 'evergreen' ? kept.trainings : trainings[way];
  return totals;
}
