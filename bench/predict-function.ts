import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GetFunctionConfigurationCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import type { Clone } from './clone.ts';

/* The prediction function outside the engine: what is deployed, in a process of its own. */

const predictDescription = 'Answers predictions with the live versions';
const layerDescription = 'onnxruntime-node';

const template = z.object({
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Properties: z.looseObject({ Description: z.string().optional() }).optional(),
      Metadata: z.looseObject({ 'aws:asset:path': z.string().optional() }).optional(),
    }),
  ),
});

const outputFolder = (clone: string) => join(clone, '.evergreen', 'cdk.out');

function templateFile(clone: string): string {
  const output = outputFolder(clone);
  const file = readdirSync(output).find((name) => name.endsWith('.template.json'));
  if (file === undefined) throw new Error(`no template in ${output}`);
  return join(output, file);
}

/** The folders of the bundle and of its layer, as the last deployment of a clone staged them. */
function stagedFolders(clone: string): { bundle: string; layer: string } {
  const output = outputFolder(clone);
  const { Resources } = template.parse(JSON.parse(readFileSync(templateFile(clone), 'utf8')));
  const staged = (type: string, description: string) => {
    const found = Object.values(Resources).find(
      ({ Type, Properties }) => Type === type && Properties?.Description === description,
    );
    const path = found?.Metadata?.['aws:asset:path'];
    if (path === undefined) throw new Error(`the template has no ${type} described as "${description}"`);
    return join(output, path);
  };
  return {
    bundle: staged('AWS::Lambda::Function', predictDescription),
    layer: staged('AWS::Lambda::LayerVersion', layerDescription),
  };
}

/** Megabytes of everything below a folder. */
function megabytes(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const bytes = entries
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  return bytes / 1_000_000;
}

/** Of the function and of its layer, unpacked. */
export function functionSizes(clone: string): { bundleMb: number; layerMb: number } {
  const { bundle, layer } = stagedFolders(clone);
  return { bundleMb: megabytes(bundle), layerMb: megabytes(layer) };
}

async function deployedVariables(port: number): Promise<Record<string, string>> {
  const client = new LambdaClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { Functions = [] } = await client.send(new ListFunctionsCommand({}));
  const found = Functions.find(({ Description }) => Description === predictDescription);
  const configuration = await client.send(
    new GetFunctionConfigurationCommand({ FunctionName: found?.FunctionName }),
  );
  return configuration.Environment?.Variables ?? {};
}

const event = {
  httpMethod: 'POST',
  path: '/models/iris/predict',
  resource: '/models/{model}/predict',
  pathParameters: { model: 'iris' },
  headers: { 'content-type': 'application/json' },
  multiValueHeaders: { 'content-type': ['application/json'] },
  body: '{"rows":[{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}]}',
  isBase64Encoded: false,
  requestContext: { requestId: 'bench' },
};

/** Runs a program in the function's place. It writes one JSON document to stderr; its log is read and counted. */
async function runInFunction<Schema extends z.ZodType>(
  { folder, port }: Clone,
  program: string,
  schema: Schema,
): Promise<{ said: z.infer<Schema>; totalMs: number; logBytes: number }> {
  const { bundle, layer } = stagedFolders(folder);
  // Out of reach of the clone's package.json, as /var/task is on AWS.
  const task = mkdtempSync(join(tmpdir(), 'evergreen-task-'));
  cpSync(bundle, task, { recursive: true });
  const environment = {
    ...process.env,
    ...(await deployedVariables(port)),
    LAMBDA_TASK_ROOT: task,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
    NODE_PATH: join(layer, 'nodejs', 'node_modules'),
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    _X_AMZN_TRACE_ID: 'Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1',
  };
  const code = `const load = () => import(${JSON.stringify(pathToFileURL(join(task, 'init.mjs')).href)});
    const event = ${JSON.stringify(event)};
    const end = (said) => process.stderr.write(JSON.stringify(said) + '\\n', () => process.exit(0));
    ${program}`;
  try {
    return await new Promise((resolve, reject) => {
      const began = performance.now();
      const child = spawn(process.execPath, ['-e', code], {
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stderr = '';
      let logBytes = 0;
      let totalMs = Number.NaN;
      child.stdout.on('data', (chunk: Buffer) => {
        logBytes += chunk.length;
      });
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
        if (stderr.endsWith('\n')) totalMs = performance.now() - began;
      });
      child.once('error', reject);
      child.once('close', () => {
        try {
          resolve({ said: schema.parse(JSON.parse(stderr)), totalMs, logBytes });
        } catch (cause) {
          reject(new Error(`the function answered otherwise: …${stderr.slice(-2000)}`, { cause }));
        }
      });
    });
  } finally {
    rmSync(task, { recursive: true });
  }
}

const answer = z.object({ statusCode: z.literal(200), body: z.string().regex(/"label":"setosa"/) });
const start = z.object({ runtimeMs: z.number(), initMs: z.number(), firstMs: z.number(), answer });

/** From the start of a process to its first checked answer, and the parts of it, once for each round. */
export async function measureStarts(
  clone: Clone,
  rounds: number,
): Promise<(Omit<z.infer<typeof start>, 'answer'> & { totalMs: number })[]> {
  const measured = [];
  for (let round = 0; round < rounds; round += 1) {
    const { said, totalMs } = await runInFunction(
      clone,
      `const runtimeMs = performance.now();
       load().then(({ handler }) => {
         const initMs = performance.now() - runtimeMs;
         handler(event, {}).then((answer) => end({ runtimeMs, initMs, firstMs: performance.now() - runtimeMs - initMs, answer }));
       });`,
      start,
    );
    measured.push({ ...said, totalMs });
  }
  return measured;
}

const warm = z.object({
  p50: z.number(),
  p99: z.number(),
  memoryMb: z.number(),
  replyBytes: z.int(),
  answer,
});
const warmCalls = 5000;
const firstCalls = 500;

/** What one call takes in a process that has answered before; in ms, MB and bytes. Everything is captured and traced. */
export async function measureWarm(clone: Clone) {
  const { said, logBytes } = await runInFunction(
    clone,
    `(async () => {
       const { handler } = await load();
       const taken = [];
       let answer;
       for (let call = 0; call < ${firstCalls + warmCalls}; call += 1) {
         const began = performance.now();
         answer = await handler(event, {});
         if (call >= ${firstCalls}) taken.push(performance.now() - began);
         // The runtime asks for the next event meanwhile.
         await new Promise((resolve) => setImmediate(resolve));
       }
       taken.sort((a, b) => a - b);
       const at = (share) => taken[Math.floor(taken.length * share)];
       end({ p50: at(0.5), p99: at(0.99), memoryMb: process.memoryUsage().rss / 1e6, replyBytes: answer.body.length, answer });
     })();`,
    warm,
  );
  return { ...said, logBytes: logBytes / (firstCalls + warmCalls) };
}

const loaded = z.object({ importMs: z.number(), sessionMs: z.number(), runMs: z.number() });

/** The runtime of the model alone: what loading it and opening one small model take. */
export async function measureSession(clone: Clone, model: string) {
  const { said } = await runInFunction(
    clone,
    `const began = performance.now();
     const { InferenceSession, Tensor } = require('onnxruntime-node');
     const importMs = performance.now() - began;
     InferenceSession.create(${JSON.stringify(model)}, { intraOpNumThreads: 1, interOpNumThreads: 1 }).then(async (session) => {
       const sessionMs = performance.now() - began - importMs;
       await session.run({ numbers: new Tensor('float32', Float32Array.of(5.1, 3.5, 1.4, 0.2), [1, 4]) });
       end({ importMs, sessionMs, runMs: performance.now() - began - importMs - sessionMs });
     });`,
    loaded,
  );
  return said;
}

/** The template that the clone deployed last. */
export function deployedTemplate(clone: string): unknown {
  return template.parse(JSON.parse(readFileSync(templateFile(clone), 'utf8')));
}
