import * as z from 'zod';
import type { ColumnProfile } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { judgeShifts, summarise } from './drift.ts';
import { driftLimits, driftVerdict, watched } from './drift-report.ts';
import { compareProfiles } from './feature-comparison.ts';
import { notWatched, splitByCapture } from './watched-features.ts';

const count = z.int().min(0);

const side = z.object({
  file: z.string(),
  /** `profile` when counts were at hand and no row was read. */
  kind: z.enum(['rows', 'profile']),
  rows: count,
  /** Rows that could not be cut into cells, and cells that are no value of their column; the latter count as missing. */
  broken: count,
  unreadable: z.record(z.string(), count),
});

/** What `evergreen drift --reference --current` prints: two files, or a profile and a file, side by side. */
export const fileDrift = z.object({
  schema: z.literal('evergreen/file-drift/v1'),
  model: z.string(),
  measuredAt: z.iso.datetime(),
  reference: side,
  current: side,
  verdict: driftVerdict,
  reason: z.string(),
  limits: driftLimits,
  features: z.array(watched),
});
export type FileDrift = z.infer<typeof fileDrift>;

/** A side with its counts: those of `current` on the bins of the reference. */
export type CountedSide = z.infer<typeof side> & { profiles: Readonly<Record<string, ColumnProfile>> };

/** Judges two files as live traffic is judged: the same tests, limits and family. */
export function judgeFiles(
  definition: ModelDefinition,
  reference: CountedSide,
  current: CountedSide,
  now: Date,
): FileDrift {
  const limits = definition.monitor.drift;
  const { watched, unwatched } = splitByCapture(definition, reference.profiles);
  const found = judgeShifts(
    Object.entries(watched).map(([name, frozen]) => ({
      name,
      comparison: compareProfiles(frozen, current.profiles[name]),
      sample: current.rows,
    })),
    limits,
  );
  const summary = summarise(found, current.rows, limits, {
    rows: 'current rows',
    since: 'since the reference',
  });
  const told = ({ profiles: _, ...rest }: CountedSide) => rest;
  return {
    schema: 'evergreen/file-drift/v1',
    model: definition.name,
    measuredAt: now.toISOString(),
    reference: told(reference),
    current: told(current),
    ...summary,
    limits,
    features: [...found, ...unwatched.map(notWatched)],
  };
}
