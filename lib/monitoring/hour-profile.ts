import * as z from 'zod';
import type { PredictionRecord } from '../inference/prediction-record.ts';
import { sha256 } from '../shared/digest.ts';
import { mergeTraffic } from './merge-traffic.ts';
import { type ProfileBase, profileTraffic, type TrafficProfile, trafficProfile } from './traffic-profile.ts';

/*
 * profiles/<model>/<version>/dt=…/hour=….json in the data bucket: what came in one hour, on the frozen bins of a
 * version. It is made anew when objects of the hour were captured that it does not name, so late ones count too.
 */
export const hourProfile = z.object({
  schema: z.literal('evergreen/hour-profile/v1'),
  model: z.string(),
  version: z.int(),
  /** When the hour began, in UTC. */
  hour: z.iso.datetime(),
  /** Predictions from before are left out: in the hour in which the version became champion. */
  from: z.iso.datetime(),
  /** Digest of the names of the capture objects that it was made from; empty when it is to be made anew. */
  objects: z.string(),
  /** The hour had more rows than are read; the first objects were. */
  isCutOff: z.boolean(),
  traffic: trafficProfile,
});
export type HourProfile = z.infer<typeof hourProfile>;

export const hourMs = 3_600_000;

/** When the hour of a time began. */
export const hourOf = (at: Date | string): string =>
  new Date(Math.floor(new Date(at).getTime() / hourMs) * hourMs).toISOString();

export function hourProfileKey(model: string, version: number, hour: string): string {
  const [day = '', time = ''] = hour.split('T');
  return `profiles/${model}/${version}/dt=${day}/hour=${time.slice(0, 2)}.json`;
}

export const digestOfNames = (names: readonly string[]) => sha256(names.toSorted().join('\n'));

/** Whether a stored profile still says all there is: the same beginning and the same objects. */
export function isCurrent(known: HourProfile, from: string, names: readonly string[]): boolean {
  return known.from === from && known.objects === digestOfNames(names);
}

/** Records by their hour, each counted in the hour of its own time. */
export function profileHours(
  records: readonly PredictionRecord[],
  base: ProfileBase,
): Map<string, TrafficProfile> {
  const byHour = Map.groupBy(records, ({ at }) => hourOf(at));
  return new Map([...byHour].map(([hour, ofHour]) => [hour, profileTraffic(ofHour, base)]));
}

/** The traffic of a window; an hour that is given twice counts once. */
export function mergeHours(hours: Iterable<readonly [string, TrafficProfile]>): TrafficProfile {
  return mergeTraffic([...new Map(hours).values()]);
}
