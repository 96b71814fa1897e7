import {
  type SimulatedFeature,
  type Source,
  simulate,
  simulateMonth,
  unchanged,
} from '../../lib/monitoring/fixtures/drift-odds.ts';

/* Streams that the rule judges, kept so that others judge the very same. */

type Cells = (string | number | null)[];

/** Reference and current rows, by column. */
export interface Sample {
  reference: Record<string, Cells>;
  current: Record<string, Cells>;
}

interface Kept {
  feature: SimulatedFeature;
  train: Cells;
  live: Cells;
}

/** A feature whose draws are kept; categories get names. */
function keep(feature: SimulatedFeature): Kept {
  const kept: Kept = { feature, train: [], live: [] };
  const listen = (source: Source, to: Cells): Source => ({
    draw(random) {
      const value = source.draw(random);
      to.push(feature.kind === 'category' && value !== null ? `k${value}` : value);
      return value;
    },
  });
  kept.feature = {
    kind: feature.kind,
    train: listen(feature.train, kept.train),
    live: listen(feature.live, kept.live),
  };
  return kept;
}

const columnsOf = (kept: readonly Kept[], side: 'train' | 'live', from: number, to: number) =>
  Object.fromEntries(kept.map((each, place) => [`f${place}`, each[side].slice(from, to)]));

/** One shifted feature among 20: how often it is found, and its own samples. */
export function shiftedSamples(
  shifted: SimulatedFeature,
  how: { train: number; live: number; repeats: number; seed: number },
): { found: number; samples: Sample[] } {
  const kept = [keep(shifted)];
  const features = [...kept.map(({ feature }) => feature), ...unchanged(19)];
  const { first } = simulate(features, how);
  const samples = Array.from({ length: how.repeats }, (_, repeat): Sample => {
    const side = (name: 'train' | 'live') =>
      columnsOf(kept, name, repeat * how[name], (repeat + 1) * how[name]);
    return { reference: side('train'), current: side('live') };
  });
  return { found: Math.round(first * how.repeats), samples };
}

/** A month in which nothing changes, measured each hour, and its days as samples. */
export function quietMonth(how: {
  train: number;
  hourly: number;
  seed: number;
}): ReturnType<typeof simulateMonth> & { samples: Sample[] } {
  const kept = unchanged(20).map(keep);
  const found = simulateMonth(
    kept.map(({ feature }) => feature),
    how,
  );
  const days = 31;
  const rows = (kept[0]?.live.length ?? 0) / days;
  const reference = columnsOf(kept, 'train', 0, how.train);
  // The first day fills the first window.
  const samples = Array.from({ length: days - 1 }, (_, day): Sample => {
    const current = columnsOf(kept, 'live', Math.round((day + 1) * rows), Math.round((day + 2) * rows));
    return { reference, current };
  });
  return { ...found, samples };
}
