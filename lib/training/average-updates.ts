import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import type { DeployedModel } from '../model/deployed-model.ts';
import { weightCount } from '../model/federation.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { pickFromTar } from '../shared/tar.ts';
import { averageWeights, type FederatedUpdate, federatedUpdate } from './average-weights.ts';
import { resultKey, roundKey, updatesPrefix } from './federated-jobs.ts';
import { channel } from './training-job.ts';

/** What the federation's state machine says of a round that all parties have trained. */
export const averageRequest = z.object({
  runId: z.string(),
  model: z.string(),
  definitionDigest: z.string(),
  round: z.int().positive(),
  updates: z.array(z.object({ party: z.string(), artifact: z.string() })),
});
export type AverageRequest = z.infer<typeof averageRequest>;

/** What the next round begins with. */
export interface Averaged {
  isLast: boolean;
  round: number;
  /** The channel of the weights to go on from, for the parties' jobs. */
  weights: ReturnType<typeof channel>[];
}

export interface AverageParts {
  modelBucket: string;
  readDeployed(): Promise<DeployedModel>;
  /** The bytes at a key of the model bucket. */
  readUpdate(key: string): Promise<Uint8Array>;
  write(key: string, document: object): Promise<void>;
}

/** An update has 20 or so characters for each weight; this is enough for millions. */
const mostBytes = 128 * 1024 * 1024;

/**
 * Averages what the parties left, and writes where the next round begins, or what the package is made of.
 *
 * @throws EvergreenError `federated-update-invalid` that names the party; then nothing is written.
 */
export async function averageUpdates(parts: AverageParts, request: AverageRequest): Promise<Averaged> {
  const { runId, model, round } = request;
  const { definition } = await parts.readDeployed();
  const { federated } = definition.train;
  if (!federated) throw new EvergreenError('request-invalid', `model ${model} is not trained by parties`);
  const updates = new Map<string, FederatedUpdate>();
  for (const { party, artifact } of request.updates) {
    updates.set(party, readUpdate(party, await parts.readUpdate(updateKey(parts, model, party, artifact))));
  }
  const terms = { parties: federated.parties, round, count: weightCount(definition) };
  const { weights, parties } = averageWeights(updates, terms);
  if (round >= federated.rounds) {
    const schema = 'evergreen/federated-result/v1';
    await parts.write(resultKey(model, runId), { schema, rounds: round, parties, weights });
    return { isLast: true, round, weights: [] };
  }
  const key = roundKey(model, runId, round);
  // Without the parties' numbers of rows: this is read by all of them.
  await parts.write(key, { schema: 'evergreen/federated-round/v1', round, weights });
  return { isLast: false, round: round + 1, weights: [channel('weights', parts.modelBucket, key)] };
}

/** A party's update lies where only its role writes; anything else would be somebody else's in its name. */
function updateKey({ modelBucket }: AverageParts, model: string, party: string, artifact: string): string {
  const bucket = `s3://${modelBucket}/`;
  const prefix = updatesPrefix(model, party);
  if (artifact.startsWith(`${bucket}${prefix}`)) return artifact.slice(bucket.length);
  throw new EvergreenError(
    'federated-update-invalid',
    `party ${party}: its update must lie below ${bucket}${prefix}, not at ${artifact}`,
  );
}

function readUpdate(party: string, archive: Uint8Array): FederatedUpdate {
  try {
    const tar = gunzipSync(archive, { maxOutputLength: mostBytes });
    const file = pickFromTar(tar, ['update.json']).get('update.json');
    return federatedUpdate.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file)));
  } catch (cause) {
    throw new EvergreenError(
      'federated-update-invalid',
      `party ${party}: its update cannot be read: ${messageOf(cause)}`,
      { cause },
    );
  }
}
