import type { ColumnProfile } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { WatchedDrift } from './drift.ts';

/** Features that are captured; those that hold personal data are not, and so cannot be watched. */
export function splitByCapture(
  { features }: Pick<ModelDefinition, 'features'>,
  frozen: Readonly<Record<string, ColumnProfile>>,
): { watched: Record<string, ColumnProfile>; unwatched: string[] } {
  const isWatched = (name: string) => features[name]?.personalData === 'none';
  const watched = Object.entries(frozen).filter(([name]) => isWatched(name));
  const unwatched = Object.keys(frozen).filter((name) => !isWatched(name));
  return { watched: Object.fromEntries(watched), unwatched };
}

export function notWatched(name: string): WatchedDrift {
  const reason = 'personal data is not captured, so there is nothing to compare';
  return { name, verdict: 'not enough data', reason, psi: null, tests: [], bins: [] };
}
