import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { z } from 'zod';
import { lineWriter } from '../../lib/inference/capture.ts';
import { mebibyte, memoryBudgetOf } from '../../lib/inference/memory-budget.ts';
import { awsModelSource } from '../../lib/inference/model-source.store.ts';
import { openApiFile } from '../../lib/inference/openapi-file.ts';
import { Serving } from '../../lib/inference/serving.ts';
import { SigningKey } from '../../lib/registry/signing-key.store.ts';
import { documentClient, kmsClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import packageFile from '../../package.json' with { type: 'json' };

const variables = {
  REGISTRY_TABLE: z.string(),
  MODEL_BUCKET: z.string(),
  SIGNING_KEY: z.string(),
  /** Names of the deployed models, with commas between; without it models are known by what is live. */
  MODEL_NAMES: z.string().optional(),
  LAMBDA_TASK_ROOT: z.string(),
  /** In MiB; the runtime sets it. */
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: z.coerce.number().positive(),
  LIVE_CACHE_MS: z.coerce.number().min(0).default(2000),
};

/** What is read of a REST API's proxy event. */
const proxyEvent = z.object({
  httpMethod: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.string().optional()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({ requestId: z.string() }),
});

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
      modelNames: MODEL_NAMES?.split(',').filter(Boolean),
    }),
    report: lineWriter((line) => process.stdout.write(`${line}\n`)),
    serverVersion: packageFile.version,
    openApi: () => readFile(join(LAMBDA_TASK_ROOT, openApiFile), 'utf8'),
    memoryBudgetBytes: memoryBudgetOf(environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE * mebibyte),
    liveCacheMs: environment.LIVE_CACHE_MS,
  });
}

/** No load is begun after this: the caller whose request began the process waits for one model of them. */
const warmUpMs = 1000;
/** Lambda begins the init phase anew after 10 s; a load that takes longer than this goes on beside the first request. */
const longestWarmUpMs = 5000;

/** Loads what is live before the first request; init.mjs (inference.construct.ts) waits for it in Lambda's init phase. */
export async function warmUp(): Promise<void> {
  serving ??= compose();
  let timer: NodeJS.Timeout | undefined;
  const longest = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, longestWarmUpMs);
  });
  await Promise.race([serving.warmUp(warmUpMs), longest]).finally(() => clearTimeout(timer));
}

/** The root of an X-Ray trace header, such as `Root=1-6abc-…;Parent=…;Sampled=1`. */
function traceRoot(header: string | undefined): string | undefined {
  return /Root=([0-9a-f-]{1,64})/.exec(header ?? '')?.[1];
}

/** Answers predictions behind API Gateway. */
export async function handler(event: unknown): Promise<APIGatewayProxyResult> {
  serving ??= compose();
  const { httpMethod, path, headers, body, isBase64Encoded, requestContext } = proxyEvent.parse(event);
  const entries = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  const given = Object.fromEntries(entries);
  // The runtime sets the variable anew for each invocation when it traces.
  const traceId = traceRoot(process.env._X_AMZN_TRACE_ID) ?? traceRoot(given['x-amzn-trace-id']);
  const { status, ...reply } = await serving.handle({
    method: httpMethod,
    path,
    headers: given,
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
    traceId: traceId ?? requestContext.requestId,
  });
  return { statusCode: status, ...reply };
}
