import * as z from 'zod';
import { isEnded, trigger } from '../../lib/intake/run.ts';
import { RunStore } from '../../lib/intake/runs.store.ts';
import { definitionKey, deployedModel } from '../../lib/model/deployed-model.ts';
import { candidatesOf } from '../../lib/registry/candidates.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import type { Live, LiveVersion, ModelVersion } from '../../lib/registry/registry.ts';
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
  trigger: trigger.shape.kind.optional(),
});

const variables = {
  REGISTRY_TABLE: z.string(),
  RUNS_TABLE: z.string(),
  DATA_BUCKET: z.string(),
  /** Set by stages that cannot wait as long as the definition asks. */
  BAKE_SECONDS: z.coerce.number().int().positive().optional(),
};

/**
 * Takes out candidates that nothing judges: the call that puts one into traffic may outlive a run that is stopped, and
 * come after the end of the run was cleared up.
 */
async function withdrawStranded(
  registry: RegistryStore,
  runs: RunStore,
  live: Live,
  runId: string,
): Promise<void> {
  for (const candidate of candidatesOf(live)) {
    if (candidate.runId === runId) continue;
    const itsRun = await runs.find(candidate.runId);
    if (itsRun && !isEnded(itsRun.status)) continue;
    const by = {
      who: `run:${runId}`,
      why: `run ${candidate.runId} has ended, so nothing judges it`,
      at: new Date().toISOString(),
    };
    await registry.change(live.model, { kind: 'withdraw-candidate', version: candidate.version }, by);
  }
}

const referenceOf = ({ packagePrefix, packageDigest, modelDigest }: LiveVersion | ModelVersion) => ({
  packagePrefix,
  packageDigest,
  modelDigest,
});

/** Plans the rollout of a registered version; hands on what the replay has to load. */
export const handler = stepHandler(request, async ({ runId, model, version, ...started }) => {
  const { REGISTRY_TABLE, RUNS_TABLE, DATA_BUCKET, BAKE_SECONDS } = readEnvironment(variables);
  const registry = new RegistryStore(documentClient(), REGISTRY_TABLE);
  const [live, registered] = await Promise.all([
    registry.readLive(model),
    registry.readVersion(model, version),
  ]);
  await withdrawStranded(registry, new RunStore(documentClient(), RUNS_TABLE), live, runId);
  const location = { bucket: DATA_BUCKET, key: definitionKey(model, registered.lineage.definitionDigest) };
  const { definition } = await readDocument(s3Client(), location, deployedModel);
  return {
    plan: planRollout(live, { version, ...started }, definition.rollout, BAKE_SECONDS),
    policy: definition.rollout,
    package: { model, version, ...referenceOf(registered) },
    champion: live.champion && referenceOf(live.champion),
  };
});
