import { z } from 'zod';
import { packageReader } from '../../lib/inference/package.store.ts';
import { replayPackage } from '../../lib/inference/replay.ts';
import { modelVersion } from '../../lib/registry/registry.ts';
import { SigningKey } from '../../lib/registry/signing-key.store.ts';
import { kmsClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const request = modelVersion.pick({
  model: true,
  version: true,
  packagePrefix: true,
  packageDigest: true,
  modelDigest: true,
});

/** Sends a version's golden rows through it, loaded as serving loads it. */
export const handler = stepHandler(request, (version) => {
  const variables = { MODEL_BUCKET: z.string(), SIGNING_KEY: z.string() };
  const { MODEL_BUCKET, SIGNING_KEY } = readEnvironment(variables);
  const key = new SigningKey(kmsClient(), SIGNING_KEY);
  return replayPackage(version, packageReader(s3Client(), MODEL_BUCKET), () => key.trusted());
});
