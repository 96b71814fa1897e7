import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { runIdOfRequest } from '../../lib/intake/arrival.ts';
import { RunStore } from '../../lib/intake/runs.store.ts';
import { readDeployedModels } from '../../lib/model/deployed-models.ts';
import { PredictionStore } from '../../lib/monitoring/predictions.store.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { readAlarmChange } from '../../lib/remediation/alarm-change.ts';
import { isOverCost } from '../../lib/remediation/cost-alarm.store.ts';
import { sendRetrainRequest } from '../../lib/remediation/intake-queue.store.ts';
import { JudgementStore } from '../../lib/remediation/judgements.store.ts';
import { metricsOf } from '../../lib/remediation/remediation-metrics.ts';
import { Remediator } from '../../lib/remediation/remediator.ts';
import { readRunEnd } from '../../lib/remediation/run-end.ts';
import { findRunInFlight } from '../../lib/remediation/run-in-flight.ts';
import { documentClient } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { queueHandler, say } from '../queue.ts';

const variables = {
  REGISTRY_TABLE: z.string(),
  RUNS_TABLE: z.string(),
  PREDICTIONS_TABLE: z.string(),
  INTAKE_QUEUE_URL: z.string(),
  ALARM_PREFIX: z.string(),
  LAMBDA_TASK_ROOT: z.string(),
};

function composeRemediator(): Remediator {
  const { REGISTRY_TABLE, RUNS_TABLE, PREDICTIONS_TABLE, INTAKE_QUEUE_URL, ALARM_PREFIX, LAMBDA_TASK_ROOT } =
    readEnvironment(variables);
  const models = readDeployedModels(LAMBDA_TASK_ROOT);
  const runs = new RunStore(documentClient(), RUNS_TABLE);
  const predictions = new PredictionStore(documentClient(), PREDICTIONS_TABLE);
  const judgements = new JudgementStore(documentClient(), REGISTRY_TABLE);
  const readRetrains = (model: string) => judgements.readRetrains(model);
  const sqs = new SQSClient({});
  const cloudWatch = new CloudWatchClient({});
  return new Remediator({
    registry: new RegistryStore(documentClient(), REGISTRY_TABLE),
    judgements,
    findRunInFlight: (model) => findRunInFlight(model, { runs, readRetrains, now }),
    countLabels: async (model, since, most) =>
      (await predictions.labelsSince(model, since, most, new Date())).length,
    isOverCost: (model) => isOverCost(cloudWatch, ALARM_PREFIX, model),
    runIdOf: (request) => runIdOfRequest(request, models.get(request.model)?.digest ?? null),
    policyOf: (model) => models.get(model)?.definition.retrain,
    requestRetrain: (request) => sendRetrainRequest(sqs, INTAKE_QUEUE_URL, request),
    now,
  });
}

const now = () => new Date();
let remediator: Remediator | undefined;

/** Alarms from the queue, and ends of runs that alarms waited for. */
export const handler = queueHandler(async (body, messageId) => {
  remediator ??= composeRemediator();
  const ended = readRunEnd(body);
  const all = ended
    ? await remediator.judgeWaiting(ended.model, ended.runId)
    : [await remediator.judge(readAlarmChange(body))];
  for (const judged of all) {
    say({ level: judged.page ? 'warn' : 'info', message: 'alarm judged', messageId, ...judged });
    for (const line of metricsOf(judged, new Date())) process.stdout.write(`${line}\n`);
  }
});
