import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetFunctionConfigurationCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { z } from 'zod';

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

/** The folders of the bundle and of its layer, as the last deployment of a clone staged them. */
function stagedFolders(clone: string): { bundle: string; layer: string } {
  const output = join(clone, '.evergreen', 'cdk.out');
  const file = readdirSync(output).find((name) => name.endsWith('.template.json'));
  if (file === undefined) throw new Error(`no template in ${output}`);
  const { Resources } = template.parse(JSON.parse(readFileSync(join(output, file), 'utf8')));
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

export function unpackedPredictMb(clone: string): number {
  const { bundle, layer } = stagedFolders(clone);
  return megabytes(bundle) + megabytes(layer);
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

/** Milliseconds from the start of a process to its first checked answer, once for each round. */
export async function firstAnswerMs(clone: string, port: number, rounds: number): Promise<number[]> {
  const { bundle, layer } = stagedFolders(clone);
  // Out of reach of the clone's package.json, as /var/task is on AWS.
  const task = mkdtempSync(join(tmpdir(), 'evergreen-task-'));
  cpSync(bundle, task, { recursive: true });
  const variables = await deployedVariables(port);
  const program = `require(${JSON.stringify(join(task, 'index.js'))}).handler(${JSON.stringify(event)}, {})
    .then((answer) => process.stderr.write('ANSWER ' + answer.statusCode + ' ' + answer.body + '\\n', () => process.exit(0)))`;
  const environment = {
    ...process.env,
    ...variables,
    LAMBDA_TASK_ROOT: task,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
    NODE_PATH: join(layer, 'nodejs', 'node_modules'),
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const measured: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    const said = await new Promise<string>((resolve, reject) => {
      const child = spawn(process.execPath, ['-e', program], {
        env: environment,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
        if (stderr.includes('ANSWER') && stderr.endsWith('\n')) resolve(stderr);
      });
      child.once('error', reject);
      child.once('exit', () => resolve(stderr));
    });
    measured.push(performance.now() - began);
    if (!/ANSWER 200 .*setosa/.test(said))
      throw new Error(`the function answered otherwise: …${said.slice(-2000)}`);
  }
  rmSync(task, { recursive: true });
  return measured;
}
