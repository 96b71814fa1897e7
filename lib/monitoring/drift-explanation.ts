import type { DatasetProfile } from '../data/dataset.ts';
import { compareProfiles } from './feature-comparison.ts';
import { stabilityOf } from './shift-tests.ts';
import type { TrafficProfile } from './traffic-profile.ts';

/** One feature that drifted: since when, how it went by the hour, and in which rows. */
export interface DriftExplanation {
  feature: string;
  /** The hour from which the rows are more likely of a changed distribution than of the training one. */
  since: string;
  /** Whether there was no traffic in the window before: it may have begun earlier. */
  isFromStart: boolean;
  /** Bins that hold more of the live rows than of the training rows, most first. */
  grown: { label: string; trained: number; live: number }[];
  hours: { hour: string; rows: number; psi: number | null }[];
  /** The slice in which the grown bins are most frequent; null without slices, or when no slice stands out. */
  slice: { feature: string; slice: string; share: number; others: number } | null;
}

type Hours = readonly (readonly [hour: string, traffic: TrafficProfile])[];

const smoothing = 0.5;

function binsIn(
  name: string,
  frozen: DatasetProfile['features'],
  live: TrafficProfile['features'],
): { label: string; frozen: number; live: number }[] {
  const reference = frozen[name];
  if (!reference) return [];
  const { values, gaps } = compareProfiles(reference, live[name]);
  return [...values, ...gaps.map(({ bin }) => bin)];
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/**
 * The place from which the counts of the hours look changed: where the likelihood is greatest that the hours before are
 * of the training distribution and those from there on of another one.
 *
 * Source: Hinkley (1970), "Inference about the change-point in a sequence of random variables", for counts.
 */
export function changePoint(frozen: readonly number[], hours: readonly (readonly number[])[]): number {
  const all = total(frozen) + smoothing * frozen.length;
  const after = frozen.map(() => 0);
  let best = { place: 0, gain: Number.NEGATIVE_INFINITY };
  for (let place = hours.length - 1; place >= 0; place--) {
    for (const [bin, count] of (hours[place] ?? []).entries()) after[bin] = (after[bin] ?? 0) + count;
    const rows = total(after) + smoothing * frozen.length;
    const gain = total(
      after.map((count, bin) => {
        const was = ((frozen[bin] ?? 0) + smoothing) / all;
        return count * Math.log((count + smoothing) / rows / was);
      }),
    );
    if (gain > best.gain) best = { place, gain };
  }
  return best.place;
}

function sliceOf(
  name: string,
  grown: ReadonlySet<string>,
  frozen: DatasetProfile['features'],
  slices: TrafficProfile['slices'],
): DriftExplanation['slice'] {
  const counted = slices
    .filter(({ feature }) => feature !== name)
    .map(({ feature, slice, features }) => {
      const bins = binsIn(name, frozen, features);
      const moved = total(bins.filter(({ label }) => grown.has(label)).map(({ live }) => live));
      return { feature, slice, moved, rows: total(bins.map(({ live }) => live)) };
    });
  const shares = counted.flatMap(({ feature, slice, moved, rows }) => {
    const others = counted.filter((each) => each.feature === feature && each.slice !== slice);
    const otherRows = total(others.map((each) => each.rows));
    if (rows === 0 || otherRows === 0) return [];
    const ofOthers = total(others.map((each) => each.moved)) / otherRows;
    return [{ feature, slice, share: moved / rows, others: ofOthers, moved }];
  });
  const [most] = shares.sort((a, b) => b.share - b.others - (a.share - a.others));
  if (!most || most.share - most.others < 0.1) return null;
  const { feature, slice, share, others } = most;
  return { feature, slice, share, others };
}

/**
 * What is behind a feature's drift.
 *
 * @param hours In order of time, at least one.
 */
export function explainDrift(
  feature: string,
  frozen: DatasetProfile['features'],
  hours: Hours,
  window: TrafficProfile,
): DriftExplanation {
  const reference = binsIn(feature, frozen, {}).map((bin) => bin.frozen);
  const byHour = hours.map(([hour, traffic]) => {
    const bins = binsIn(feature, frozen, traffic.features);
    return { hour, rows: traffic.rows, live: bins.map(({ live }) => live), traffic };
  });
  const place = changePoint(
    reference,
    byHour.map(({ live }) => live),
  );
  const bins = binsIn(feature, frozen, window.features);
  const [trained, live] = [total(bins.map((bin) => bin.frozen)), total(bins.map((bin) => bin.live))];
  const grown = bins
    .map(({ label, ...counts }) => ({ label, trained: counts.frozen / trained, live: counts.live / live }))
    .filter((bin) => bin.live > bin.trained)
    .sort((a, b) => b.live - b.trained - (a.live - a.trained));
  const frozenOf = frozen[feature];
  return {
    feature,
    since: byHour[place]?.hour ?? '',
    isFromStart: byHour.slice(0, place).every(({ rows }) => rows === 0),
    grown: grown.slice(0, 5),
    hours: byHour.map(({ hour, rows, traffic }) => ({
      hour,
      rows,
      psi: frozenOf ? stabilityOf(compareProfiles(frozenOf, traffic.features[feature])) : null,
    })),
    slice: sliceOf(feature, new Set(grown.map(({ label }) => label)), frozen, window.slices),
  };
}
