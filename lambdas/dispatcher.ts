import { setTimeout } from 'node:timers/promises';
import { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { Dispatcher } from '../lib/intake/dispatcher.ts';
import { pipelineExecutions } from '../lib/intake/executions.store.ts';
import { RunStore } from '../lib/intake/runs.store.ts';
import { definitionKey } from '../lib/model/deployed-model.ts';
import { readDeployedModels } from '../lib/model/deployed-models.ts';
import { documentClient, s3Client } from '../lib/shared/clients.ts';
import { readEnvironment } from '../lib/shared/environment.ts';
import { writeDocument } from '../lib/shared/objects.ts';

/** The dispatcher as both intake functions use it, made from the environment. */
export function composeDispatcher(): Dispatcher {
  const environment = readEnvironment({
    RUNS_TABLE: z.string(),
    DATA_BUCKET: z.string(),
    PIPELINE_ARN: z.string(),
    LAMBDA_TASK_ROOT: z.string(),
  });
  return new Dispatcher({
    runs: new RunStore(documentClient(), environment.RUNS_TABLE),
    executions: pipelineExecutions(new SFNClient({}), environment.PIPELINE_ARN),
    models: readDeployedModels(environment.LAMBDA_TASK_ROOT),
    keepDefinition: (deployed) =>
      writeDocument(
        s3Client(),
        { bucket: environment.DATA_BUCKET, key: definitionKey(deployed.definition.name, deployed.digest) },
        deployed,
      ),
    now: () => new Date(),
    pause: setTimeout,
  });
}
