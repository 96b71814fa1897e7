import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { z } from 'zod';
import { rollout } from '../../lib/model/policies.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { readCanaryFigures } from '../../lib/rollout/canary-figures.store.ts';
import { judgeCanary } from '../../lib/rollout/judge.ts';
import { documentClient } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const request = z.object({
  model: z.string(),
  version: z.int(),
  policy: rollout,
  bakeSeconds: z.number(),
  since: z.iso.datetime(),
});

const cloudWatch = new CloudWatchClient({});

/** Looks at a candidate in its canary. */
export const handler = stepHandler(request, async ({ model, version, policy, bakeSeconds, since }) => {
  const { REGISTRY_TABLE, ALARM_PREFIX } = readEnvironment({
    REGISTRY_TABLE: z.string(),
    ALARM_PREFIX: z.string(),
  });
  const began = new Date(since);
  const until = new Date();
  const live = await new RegistryStore(documentClient(), REGISTRY_TABLE).readLive(model);
  const figures = await readCanaryFigures(cloudWatch, {
    model,
    version,
    championVersion: live.champion?.version,
    since: began,
    until,
    alarmNames: ['errors', 'latency'].map((symptom) => `${ALARM_PREFIX}-${model}-candidate-${symptom}`),
  });
  const elapsedSeconds = (until.getTime() - began.getTime()) / 1000;
  return judgeCanary(live, version, figures, { elapsedSeconds, bakeSeconds }, policy);
});
