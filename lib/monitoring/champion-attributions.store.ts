import type { S3Client } from '@aws-sdk/client-s3';
import type { Row } from '../data/dataset.ts';
import { packageReader } from '../inference/package.store.ts';
import { openPackage, type Trust } from '../inference/package.ts';
import type { LiveVersion } from '../registry/registry.ts';
import { EvergreenError } from '../shared/errors.ts';
import { type Attributions, trainedAttributions } from './attribution-drift.ts';
import { explainSample } from './explain-sample.ts';

export type ChampionAttributions =
  | { trained: Attributions; means: Attributions; sample: number }
  | { reason: string };

export interface AttributionSite {
  s3: S3Client;
  modelBucket: string;
  trust: Trust;
  /** A clock for durations, in milliseconds. */
  stopwatch: () => number;
}

/**
 * What decides the champion's answers to some rows, and what decided them in training. Where a version has no explanation,
 * or cannot be opened or asked here, the reason is told: the rest of a measurement does not depend on it.
 */
export async function explainChampion(
  { s3, modelBucket, trust, stopwatch }: AttributionSite,
  champion: LiveVersion,
  rows: readonly Row[],
): Promise<ChampionAttributions> {
  try {
    const loaded = await openPackage(champion, packageReader(s3, modelBucket), trust);
    const explanation = await loaded.readExplanation();
    if (!explanation) return { reason: `version ${champion.version} was trained without an explanation` };
    const found = await explainSample(rows, loaded, explanation, stopwatch);
    return { trained: trainedAttributions(explanation), ...found };
  } catch (thrown) {
    if (!(thrown instanceof EvergreenError)) throw thrown;
    return { reason: `version ${champion.version} cannot be explained: ${thrown.message}` };
  }
}
