import * as z from 'zod';
import { packageReader } from '../../lib/inference/package.store.ts';
import { replayPackage } from '../../lib/inference/replay.ts';
import { rollout } from '../../lib/model/policies.ts';
import { CaptureStore } from '../../lib/monitoring/captures.store.ts';
import { modelVersion } from '../../lib/registry/registry.ts';
import { SigningKey } from '../../lib/registry/signing-key.store.ts';
import { kmsClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const reference = modelVersion.pick({ packagePrefix: true, packageDigest: true, modelDigest: true });
const request = reference.extend({
  model: z.string(),
  version: z.int(),
  champion: reference.nullable(),
  policy: rollout.pick({ replay: true, limits: true }),
  /** Only what was asked since; the last two days without. */
  since: z.iso.datetime().optional(),
  mostDisagreement: z.number().min(0).max(1).optional(),
});

const variables = { MODEL_BUCKET: z.string(), DATA_BUCKET: z.string(), SIGNING_KEY: z.string() };
const lookBackMs = 48 * 3_600_000;

/** Sends golden rows and captured requests through a version, loaded as serving loads it. */
export const handler = stepHandler(
  request,
  async ({ model, champion, policy, since, mostDisagreement, ...candidate }) => {
    const { MODEL_BUCKET, DATA_BUCKET, SIGNING_KEY } = readEnvironment(variables);
    const key = new SigningKey(kmsClient(), SIGNING_KEY);
    const to = new Date();
    const from = since === undefined ? new Date(to.getTime() - lookBackMs) : new Date(since);
    const most = policy.replay.requests;
    const captured =
      most === 0 ? [] : await new CaptureStore(s3Client(), DATA_BUCKET).readNewest(model, { from, to }, most);
    return replayPackage(
      { candidate, champion, captured, policy, mostDisagreement },
      { read: packageReader(s3Client(), MODEL_BUCKET), trust: () => key.trusted() },
    );
  },
);
