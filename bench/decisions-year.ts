import { type Figure, figure, figureAtLeast } from './figures.ts';
import { simulateYear, type Way, ways, type YearOf } from './simulated-year.ts';

const years = 40;

/** Mean and 95 % interval of the mean over years. */
function meanOf(values: readonly number[]): { mean: number; half: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, half: 1.959963984540054 * Math.sqrt(squares / values.length) };
}

/** Whole years of one model: how long the best at hand was live, and what that cost, beside other ways to keep it. */
export function yearFigures(say: (line: string) => void): Figure[] {
  const all = Array.from({ length: years }, (_, seed) => simulateYear(seed));
  const of = (way: Way, what: keyof YearOf) => meanOf(all.map((year) => year[way][what]));
  for (const way of ways) {
    const told = (what: keyof YearOf, factor: number, digits: number) => {
      const { mean, half } = of(way, what);
      return `${(mean * factor).toFixed(digits)} ± ${(half * factor).toFixed(digits)}`;
    };
    say(
      `a year, ${way}: the best at hand was live ${told('bestShare', 100, 1)} % of the time, accuracy ${told('accuracy', 100, 1)} %, ${told('trainings', 1, 1)} trainings, ${told('poisonedDays', 1, 1)} days with a poisoned version`,
    );
  }
  const gains = (other: Way) => all.map((year) => year.evergreen.bestShare - year[other].bestShare);
  return [
    ...ways
      .filter((way) => way !== 'evergreen')
      .map((way) => {
        const { mean, half } = meanOf(gains(way));
        return figureAtLeast(
          `a year: share of time with the best at hand, beyond ${way}, at least`,
          [mean - half],
          '1',
          0,
        );
      }),
    figure('a year: days with a poisoned version', [of('evergreen', 'poisonedDays').mean], '1', 1),
  ];
}
