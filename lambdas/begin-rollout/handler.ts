import { z } from 'zod';
import { definitionKey, deployedModel } from '../../lib/model/deployed-model.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { planRollout } from '../../lib/rollout/rollout-plan.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { readDocument } from '../../lib/shared/objects.ts';
import { stepHandler } from '../step.ts';

const request = z.object({
  runId: z.string(),
  model: z.string(),
  version: z.int(),
  liveRevision: z.int(),
});

const variables = {
  REGISTRY_TABLE: z.string(),
  DATA_BUCKET: z.string(),
  /** Set by stages that cannot wait as long as the definition asks. */
  BAKE_SECONDS: z.coerce.number().int().positive().optional(),
};

/** Plans the rollout of a registered version; hands on what the replay has to load. */
export const handler = stepHandler(request, async ({ model, version, liveRevision }) => {
  const { REGISTRY_TABLE, DATA_BUCKET, BAKE_SECONDS } = readEnvironment(variables);
  const registry = new RegistryStore(documentClient(), REGISTRY_TABLE);
  const [live, registered] = await Promise.all([
    registry.readLive(model),
    registry.readVersion(model, version),
  ]);
  const location = { bucket: DATA_BUCKET, key: definitionKey(model, registered.lineage.definitionDigest) };
  const { definition } = await readDocument(s3Client(), location, deployedModel);
  const { packagePrefix, packageDigest, modelDigest } = registered;
  return {
    plan: planRollout(live, { version, liveRevision }, definition.rollout, BAKE_SECONDS),
    policy: definition.rollout,
    package: { model, version, packagePrefix, packageDigest, modelDigest },
  };
});
