import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import * as z from 'zod';
import { variantOf } from '../../lib/inference/prediction-record.ts';
import { rollout } from '../../lib/model/policies.ts';
import { abOutcomes } from '../../lib/monitoring/ab-outcomes.ts';
import { canaryTraffic } from '../../lib/monitoring/canary-traffic.ts';
import { CaptureStore } from '../../lib/monitoring/captures.store.ts';
import { PredictionStore } from '../../lib/monitoring/predictions.store.ts';
import { findCandidate, mayJoin } from '../../lib/registry/candidates.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { readCanaryFigures } from '../../lib/rollout/canary-figures.store.ts';
import { judgeCanary } from '../../lib/rollout/judge.ts';
import { judgeAb } from '../../lib/rollout/judge-ab.ts';
import { sideOf } from '../../lib/rollout/side.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const request = z.object({
  model: z.string(),
  version: z.int(),
  policy: rollout,
  bakeSeconds: z.number(),
  since: z.iso.datetime(),
  lastLookSeconds: z.number().min(0).default(0),
  step: z.int().min(0).default(0),
  steps: z.int().min(1).default(1),
});

const variables = {
  REGISTRY_TABLE: z.string(),
  PREDICTIONS_TABLE: z.string(),
  DATA_BUCKET: z.string(),
  ALARM_PREFIX: z.string(),
};

/** What a look takes in time and memory is bounded by these; the newest count. */
const maxRequests = 20_000;
const maxLabels = 20_000;

const cloudWatch = new CloudWatchClient({});

/** Looks at a candidate in its canary or A/B test. */
export const handler = stepHandler(request, async ({ model, version, policy, since, ...time }) => {
  const { REGISTRY_TABLE, PREDICTIONS_TABLE, DATA_BUCKET, ALARM_PREFIX } = readEnvironment(variables);
  const began = new Date(since);
  const until = new Date();
  const live = await new RegistryStore(documentClient(), REGISTRY_TABLE).readLive(model);
  const championVersion = live.champion?.version;
  const side = variantOf(findCandidate(live, version) ?? {});
  const alarmNames = ['errors', 'latency'].map((symptom) => `${ALARM_PREFIX}-${model}-${side}-${symptom}`);
  const period = { from: began, to: until };
  const captures = new CaptureStore(s3Client(), DATA_BUCKET);
  const predictions = new PredictionStore(documentClient(), PREDICTIONS_TABLE);
  const isAb = policy.strategy === 'ab';
  const [figures, records, labels, outcomes] = await Promise.all([
    readCanaryFigures(cloudWatch, { model, version, championVersion, since: began, until, alarmNames }),
    captures.readNewest(model, period, maxRequests),
    isAb ? [] : predictions.labelsSince(model, since, maxLabels, until),
    isAb ? abOutcomes({ predictions, captures }, { model, since, until, most: maxLabels }) : [],
  ]);
  const traffic = canaryTraffic(records, labels);
  const seen = isAb ? { ...traffic, labelled: outcomes } : traffic;
  const { requests, errors, championAsked, championErrors } = figures;
  const candidate = sideOf(version, { asked: requests + errors, errors }, seen);
  const champion = sideOf(championVersion ?? 0, { asked: championAsked, errors: championErrors }, seen);
  const elapsedSeconds = (until.getTime() - began.getTime()) / 1000;
  const verdict = (isAb ? judgeAb : judgeCanary)(
    live,
    version,
    { figures, candidate, champion },
    { ...time, elapsedSeconds },
    policy,
  );
  process.stdout.write(
    `${JSON.stringify({ level: 'info', message: `${isAb ? 'A/B test' : 'canary'} judged`, model, version, ...time, ...verdict })}\n`,
  );
  return isAb ? { ...verdict, mayJoin: mayJoin(live) } : verdict;
});
