import { userInfo } from 'node:os';
import { APIGatewayClient, GetApiKeyCommand } from '@aws-sdk/client-api-gateway';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { RunStore } from '../intake/runs.store.ts';
import { requireEngine } from '../local/engine.ts';
import { engineCredentials, engineEndpoint, engineEnvironment } from '../local/engine-environment.ts';
import { RegistryStore } from '../registry/registry.store.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { Context } from './context.ts';
import { apiAddress, readOutputs, type StackOutputs } from './stack-outputs.ts';
import { stageOf, type Target, targetOf } from './target.ts';

/** A deployed stack, ready to be worked with. */
export interface Connection {
  target: Target;
  stage: string;
  stack: string;
  stackStatus: string;
  outputs: StackOutputs;
  api: { url: string; key(): Promise<string> };
  s3: S3Client;
  kms: KMSClient;
  sfn: SFNClient;
  lambda: LambdaClient;
  cloudwatch: CloudWatchClient;
  logs: CloudWatchLogsClient;
  documents: DynamoDBDocumentClient;
  registry: RegistryStore;
  runs: RunStore;
  /** AWS variables with which another process works against the same stack. */
  environment: NodeJS.ProcessEnv;
  /** Who is noted in the promotion log. */
  who(): Promise<string>;
}

/**
 * Finds the stack of the target.
 *
 * @throws EvergreenError `engine-unavailable`, `stack-missing`.
 */
export async function connect(context: Pick<Context, 'options' | 'home'>): Promise<Connection> {
  const { options, home } = context;
  const target = targetOf(options, home);
  const stage = stageOf(options, target);
  const engine = target === 'local' ? await requireEngine(home) : undefined;
  // Everything is said here, so that no setting of the person's AWS profile leaks into work on the engine.
  const settings = engine
    ? { region: engine.region, endpoint: engineEndpoint(engine.port), credentials: engineCredentials }
    : {
        ...(options.region === undefined ? {} : { region: options.region }),
        ...(options.profile === undefined ? {} : { profile: options.profile }),
      };
  const stack = `Evergreen-${stage}`;
  const { outputs, stackStatus } = await describeStack(new CloudFormationClient(settings), stack, target);
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient(settings), {
    marshallOptions: { removeUndefinedValues: true },
  });
  let key: string | undefined;
  return {
    target,
    stage,
    stack,
    stackStatus,
    outputs,
    api: {
      url: apiAddress(outputs, engine?.port),
      async key() {
        key ??= await readApiKey(new APIGatewayClient(settings), outputs.ApiKeyId);
        return key;
      },
    },
    s3: new S3Client({ ...settings, forcePathStyle: true }),
    kms: new KMSClient(settings),
    sfn: new SFNClient(settings),
    lambda: new LambdaClient(settings),
    cloudwatch: new CloudWatchClient(settings),
    logs: new CloudWatchLogsClient(settings),
    documents,
    registry: new RegistryStore(documents, outputs.RegistryTable),
    runs: new RunStore(documents, outputs.RunsTable),
    environment: engine ? engineEnvironment(engine) : awsEnvironment(options),
    async who() {
      if (target === 'local') return userInfo().username;
      const identity = await new STSClient(settings).send(new GetCallerIdentityCommand({}));
      return identity.Arn ?? 'unknown';
    },
  };
}

function awsEnvironment({ region, profile }: Context['options']): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...(region === undefined ? {} : { AWS_REGION: region }),
    ...(profile === undefined ? {} : { AWS_PROFILE: profile }),
  };
}

async function describeStack(client: CloudFormationClient, stack: string, target: Target) {
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const found = Stacks?.[0];
    if (found) {
      return {
        outputs: readOutputs(stack, found.Outputs ?? []),
        stackStatus: found.StackStatus ?? 'unknown',
      };
    }
  } catch (thrown) {
    const isMissing = thrown instanceof Error && thrown.name === 'ValidationError';
    if (!isMissing) throw thrown;
  }
  const how = target === 'local' ? 'npx evergreen up' : 'npx evergreen deploy --target aws';
  throw new EvergreenError('stack-missing', `there is no stack ${stack}; make it with \`${how}\``);
}

async function readApiKey(client: APIGatewayClient, id: string): Promise<string> {
  const { value } = await client.send(new GetApiKeyCommand({ apiKey: id, includeValue: true }));
  if (value) return value;
  throw new EvergreenError('stack-missing', `API key ${id} has no value; deploy the stack again`);
}
