import type { CaptureStore } from './captures.store.ts';
import { digestOfNames, type HourProfile, hourMs, hourOf, isCurrent, mergeHours } from './hour-profile.ts';
import type { HourProfileStore } from './hour-profiles.store.ts';
import { type ProfileBase, profileTraffic, type TrafficProfile } from './traffic-profile.ts';

export interface TrafficWindow {
  from: Date;
  to: Date;
  /** Every hour of the window in order of time, those without traffic as well. */
  hours: [hour: string, traffic: TrafficProfile][];
  /** All hours together. */
  traffic: TrafficProfile;
  /** The newest hour with traffic and the names of its objects, to look at some of its rows. */
  newest: { hour: string; names: string[] } | null;
  /** Some traffic was not read: an hour has too much of it, or too many hours were new at once. */
  isCutOff: boolean;
  /** Hours whose stored profile still held, and hours that were read. */
  kept: number;
  read: number;
}

export interface TrafficParts {
  captures: Pick<CaptureStore, 'listHours' | 'readHour'>;
  profiles: Pick<HourProfileStore, 'find' | 'write'>;
}

/** What a measurement takes in time and memory is bounded by these. */
const maxRowsOfHour = 50_000;
const maxRowsRead = 250_000;
const readsAtOnce = 16;

/**
 * Traffic of the last hours, from the profiles of hours that were made before; hours to which anything came since are
 * read again and kept. The first hours to be read are the newest, so that a window too long for one measurement is
 * filled by the next ones.
 *
 * @param since Traffic from before is left out.
 */
export async function readTraffic(
  { captures, profiles }: TrafficParts,
  base: ProfileBase,
  { windowHours, since, now }: { windowHours: number; since: Date; now: Date },
): Promise<TrafficWindow> {
  const model = base.definition.name;
  const begin = Date.parse(hourOf(new Date(now.getTime() - windowHours * hourMs)));
  const from = new Date(Math.max(begin, since.getTime()));
  const objects = await captures.listHours(model, { from, to: now });
  const hours = hoursOf(from, now);
  const known = await findAll(
    profiles,
    model,
    base.version,
    hours.filter((hour) => objects.has(hour)),
  );
  const found = new Map<string, HourProfile>();
  let [rowsLeft, kept, read, isCutOff] = [maxRowsRead, 0, 0, false];
  for (const hour of hours.toReversed()) {
    const names = objects.get(hour);
    if (!names) continue;
    const start = new Date(Math.max(Date.parse(hour), from.getTime())).toISOString();
    const stored = known.get(hour);
    if (stored && isCurrent(stored, start, names)) {
      found.set(hour, stored);
      kept += 1;
      continue;
    }
    if (rowsLeft <= 0) {
      isCutOff = true;
      continue;
    }
    const captured = await captures.readHour(model, hour, names, Math.min(rowsLeft, maxRowsOfHour));
    const records = captured.records.filter(({ at }) => at >= start && hourOf(at) === hour);
    const made: HourProfile = {
      schema: 'evergreen/hour-profile/v1',
      model,
      version: base.version,
      hour,
      from: start,
      // An hour that was read in part because many were new at once is read again.
      objects: captured.isCutOff && rowsLeft < maxRowsOfHour ? '' : digestOfNames(names),
      isCutOff: captured.isCutOff,
      traffic: profileTraffic(records, base),
    };
    await profiles.write(made);
    found.set(hour, made);
    rowsLeft -= captured.records.reduce((sum, record) => sum + record.rows.length, 0);
    read += 1;
  }
  const newest = hours.findLast((hour) => objects.has(hour));
  const none = profileTraffic([], base);
  const each = hours.map((hour): [string, TrafficProfile] => [hour, found.get(hour)?.traffic ?? none]);
  return {
    from,
    to: now,
    hours: each,
    traffic: mergeHours(each),
    newest: newest === undefined ? null : { hour: newest, names: objects.get(newest) ?? [] },
    isCutOff: isCutOff || [...found.values()].some((hour) => hour.isCutOff),
    kept,
    read,
  };
}

function hoursOf(from: Date, to: Date): string[] {
  const first = Date.parse(hourOf(from));
  const count = Math.floor((Date.parse(hourOf(to)) - first) / hourMs) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, place) =>
    new Date(first + place * hourMs).toISOString(),
  );
}

async function findAll(
  profiles: TrafficParts['profiles'],
  model: string,
  version: number,
  hours: readonly string[],
): Promise<Map<string, HourProfile>> {
  const found = new Map<string, HourProfile>();
  for (let index = 0; index < hours.length; index += readsAtOnce) {
    const chunk = hours.slice(index, index + readsAtOnce);
    const read = await Promise.all(chunk.map((hour) => profiles.find(model, version, hour)));
    for (const [place, hour] of chunk.entries()) {
      const profile = read[place];
      if (profile) found.set(hour, profile);
    }
  }
  return found;
}
