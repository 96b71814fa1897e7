import { z } from 'zod';
import { replayPackage } from '../../lib/inference/replay.ts';
import { modelVersion } from '../../lib/registry/registry.ts';
import { s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { readRequiredBytes } from '../../lib/shared/objects.ts';
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
  const { MODEL_BUCKET } = readEnvironment({ MODEL_BUCKET: z.string() });
  return replayPackage(version, (key) => readRequiredBytes(s3Client(), { bucket: MODEL_BUCKET, key }));
});
