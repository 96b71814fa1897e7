import { estimate, type World } from '../../lib/monitoring/fixtures/quality-odds.ts';
import { wilsonBounds } from '../../lib/statistics/wilson.ts';
import { type Figure, figure, figureAtLeast, type Suite } from '../figures.ts';

const repeats = 1000;
const z95 = 1.959963984540054;

/**
 * Accuracy and ROC-AUC estimated from scores alone, in worlds whose truth is known: within its band when the input shifts, and
 * flagged when the truth turns round beyond a point, which labels alone can tell.
 */
export const qualityOdds: Suite = async ({ say }) => {
  const share = (label: string, world: World, sizes: { labelled?: number }, isHit: Hit): number => {
    const hits = Array.from({ length: repeats }, (_, seed) => estimate(seed, world, sizes)).filter(
      isHit,
    ).length;
    const { least, most } = wilsonBounds(hits, repeats, z95);
    const percent = (value: number) => (value * 100).toFixed(1);
    say(
      `${label}: ${percent(hits / repeats)} % (95 % from ${percent(least)} to ${percent(most)}, n = ${repeats})`,
    );
    return hits / repeats;
  };
  const figures: Figure[] = [];
  for (const shift of [0, 0.5, 1, 2]) {
    const label = `estimated accuracy, input shifted by ${shift} sd: within the band`;
    figures.push(figureAtLeast(label, [share(label, { shift }, {}, isWithin)], '1', 0.95));
  }
  for (const shift of [0, 0.5, 1, 2]) {
    const label = `estimated ROC-AUC, input shifted by ${shift} sd: within the band`;
    figures.push(figureAtLeast(label, [share(label, { shift }, {}, isAucWithin)], '1', 0.95));
  }
  for (const labelled of [100, 300]) {
    const label = `estimated accuracy, truth turned round, ${labelled} labels: flagged`;
    figures.push(figureAtLeast(label, [share(label, { turned: 0.5 }, { labelled }, isFlagged)], '1', 0.95));
    const same = `estimated accuracy, nothing turned, ${labelled} labels: flagged`;
    figures.push(figure(same, [share(same, {}, { labelled }, isFlagged)], '1', 0.05));
  }
  // No limit: without labels nothing can tell.
  share('estimated accuracy, truth turned round, no labels: flagged', { turned: 0.5 }, {}, isFlagged);
  return figures;
};

type Hit = (one: ReturnType<typeof estimate>) => boolean;

const isWithin: Hit = ({ found: { interval }, actual }) =>
  interval !== null && actual >= interval[0] && actual <= interval[1];

const isAucWithin: Hit = ({ found, auc }) =>
  found.auc !== null && auc >= found.auc.interval[0] && auc <= found.auc.interval[1];

const isFlagged: Hit = ({ found }) => found.verdict === 'not trusted';
