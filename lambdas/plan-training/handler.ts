import * as z from 'zod';
import { sourceObject } from '../../lib/data/dataset.ts';
import { isForced } from '../../lib/data/source.store.ts';
import { trigger } from '../../lib/intake/run.ts';
import { definitionKey, deployedModel } from '../../lib/model/deployed-model.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { readDocument } from '../../lib/shared/objects.ts';
import { continuationOf } from '../../lib/training/continuation.ts';
import { federationPlan } from '../../lib/training/federated-jobs.ts';
import { trainingJob, tuningJob } from '../../lib/training/training-job.ts';
import { jobTimeoutSeconds, reasonOfReuse, type TrainingPlan } from '../../lib/training/training-plan.ts';
import { siteFrom, siteVariables } from '../../lib/training/training-site.ts';
import { stepHandler } from '../step.ts';

const request = z.object({
  runId: z.string(),
  model: z.string(),
  datasetId: z.string(),
  definitionDigest: z.string(),
  source: sourceObject,
  trigger: trigger.shape.kind.optional(),
});

const variables = { ...siteVariables, REGISTRY_TABLE: z.string() };

/** Decides what is to be trained, or that the same data and definition were trained before. */
export const handler = stepHandler(
  request,
  async ({ runId, model, datasetId, definitionDigest, source, ...began }): Promise<TrainingPlan> => {
    const environment = readEnvironment(variables);
    const registry = new RegistryStore(documentClient(), environment.REGISTRY_TABLE);
    const location = { bucket: environment.DATA_BUCKET, key: definitionKey(model, definitionDigest) };
    const [version, live, forced, deployed] = await Promise.all([
      registry.findResult(model, datasetId, definitionDigest),
      registry.readLive(model),
      isForced(s3Client(), source),
      readDocument(s3Client(), location, deployedModel),
    ]);
    const { approval, approvalTimeoutHours } = deployed.definition.rollout;
    const rules = {
      approval,
      approvalTimeoutSeconds: approvalTimeoutHours * 3600,
    };
    // Of the parties' rows nothing is known here: they may be others than those that led to that version.
    if (version !== undefined && !forced && !deployed.definition.train.federated) {
      const reason = reasonOfReuse(version, live);
      return { ...rules, outcome: 'reuse', version, reason, rollOut: live.champion === null };
    }
    const champion = continuationOf(deployed.definition, live.champion, source.key, began.trigger);
    const order = { runId, datasetId, deployed, ...(champion && { champion }) };
    const site = siteFrom(environment);
    return {
      ...rules,
      outcome: 'train',
      codeDigest: deployed.code.digest,
      trainingJob: trainingJob(site, order),
      tuningJob: tuningJob(site, order) ?? null,
      tuneFirst: deployed.definition.train.tune?.when === 'always',
      federation: federationPlan(site, order),
      jobTimeoutSeconds: jobTimeoutSeconds(deployed.definition),
    };
  },
);
