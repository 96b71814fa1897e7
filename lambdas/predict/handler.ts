import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { APIGatewayProxyResult } from 'aws-lambda';
import * as z from 'zod';
import { hashKeyReader } from '../../lib/data/privacy/hash-key.store.ts';
import { lineWriter } from '../../lib/inference/capture.ts';
import { mebibyte, memoryBudgetOf } from '../../lib/inference/memory-budget.ts';
import { awsModelSource } from '../../lib/inference/model-source.store.ts';
import { openApiFile } from '../../lib/inference/openapi-file.ts';
import { Serving } from '../../lib/inference/serving.ts';
import { SigningKey } from '../../lib/registry/signing-key.store.ts';
import { documentClient, kmsClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { toProxyResult, toWireRequest } from './proxy-event.ts';

const variables = {
  REGISTRY_TABLE: z.string(),
  MODEL_BUCKET: z.string(),
  SIGNING_KEY: z.string(),
  HASH_KEY: z.string(),
  /** Names of the deployed models, with commas between; without it models are known by what is live. */
  MODEL_NAMES: z.string().optional(),
  LAMBDA_TASK_ROOT: z.string(),
  /** In MiB; the runtime sets it. */
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: z.coerce.number().positive(),
  LIVE_CACHE_MS: z.coerce.number().min(0).default(2000),
};

/** The caller whose request began the process waits for one model of them; Lambda begins an init of 10 s anew. */
const warmUpLimits = { beginMs: 1000, waitMs: 5000 };

let serving: Serving | undefined;

function compose(): Serving {
  const environment = readEnvironment(variables);
  const { REGISTRY_TABLE, MODEL_BUCKET, SIGNING_KEY, MODEL_NAMES, LAMBDA_TASK_ROOT } = environment;
  const key = new SigningKey(kmsClient(), SIGNING_KEY);
  return new Serving({
    source: awsModelSource({
      documents: documentClient(),
      s3: s3Client(),
      registryTable: REGISTRY_TABLE,
      modelBucket: MODEL_BUCKET,
      trust: () => key.trusted(),
      readHashKey: hashKeyReader(kmsClient(), environment.HASH_KEY),
      modelNames: MODEL_NAMES?.split(',').filter(Boolean),
    }),
    report: lineWriter((line) => process.stdout.write(`${line}\n`)),
    serverVersion: packageFile.version,
    openApi: () => readFile(join(LAMBDA_TASK_ROOT, openApiFile), 'utf8'),
    memoryBudgetBytes: memoryBudgetOf(environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE * mebibyte),
    liveCacheMs: environment.LIVE_CACHE_MS,
  });
}

/** Loads what is live before the first request; init.mjs (inference.construct.ts) waits for it in Lambda's init phase. */
export async function warmUp(): Promise<void> {
  serving ??= compose();
  await serving.warmUp(warmUpLimits);
}

/** Answers predictions behind API Gateway. */
export async function handler(event: unknown): Promise<APIGatewayProxyResult> {
  serving ??= compose();
  return toProxyResult(await serving.handle(toWireRequest(event)));
}
