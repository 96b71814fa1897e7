import { Duration, RemovalPolicy, type Size } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Code,
  Function as LambdaFunction,
  type LayerVersion,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { metricNamespaceOf, metricNamespaceVariable } from '../shared/embedded-metrics.ts';
import { functionFolder } from './function-bundle.ts';
import { acknowledge, acknowledgeWildcard } from './nag-acknowledgements.ts';
import type { StageSettings } from './stage.ts';

export interface NodeFunctionProps {
  /** The folder below lambdas/ whose handler.ts is run. */
  readonly folder: string;
  readonly description: string;
  readonly stage: StageSettings;
  readonly environment?: Record<string, string>;
  readonly layers?: LayerVersion[];
  /** @default Duration.seconds(30) */
  readonly timeout?: Duration;
  /** In MiB. @default 512 */
  readonly memorySize?: number;
  /** Room below /tmp. @default - 512 MiB */
  readonly ephemeralStorageSize?: Size;
  /** Files beside the code, by name. @default none */
  readonly files?: Record<string, string>;
  /** Whether an event that it could not handle is put aside by its caller or by a destination. @default false */
  readonly isRedirected?: boolean;
  /** Which export of which file is called. @default 'index.handler' */
  readonly handler?: string;
  /** @default - unreserved */
  readonly reservedConcurrentExecutions?: number;
}

/** A function of this product: its own role, its own log group, traced, bundled from one folder. */
export class NodeFunction extends LambdaFunction {
  readonly memoryMib: number;

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    const { folder, stage } = props;
    const memorySize = Math.min(props.memorySize ?? 512, stage.largestMemoryMib);
    const role = new Role(scope, `${id}Role`, {
      description: `What ${folder} may do`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    const logGroup = new LogGroup(scope, `${id}Log`, {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    logGroup.grantWrite(role);
    super(scope, id, {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: stage.architecture,
      handler: props.handler ?? 'index.handler',
      code: Code.fromAsset(functionFolder(folder, props.files)),
      layers: props.layers ?? [],
      timeout: props.timeout ?? Duration.seconds(30),
      memorySize,
      tracing: Tracing.ACTIVE,
      environment: { [metricNamespaceVariable]: metricNamespaceOf(stage.name), ...props.environment },
      role,
      logGroup,
      ...(props.ephemeralStorageSize === undefined
        ? {}
        : { ephemeralStorageSize: props.ephemeralStorageSize }),
      ...(props.reservedConcurrentExecutions === undefined
        ? {}
        : { reservedConcurrentExecutions: props.reservedConcurrentExecutions }),
    });
    this.memoryMib = memorySize;
    acknowledge(this, props.isRedirected ? 'redirectedFunction' : 'awaitedFunction');
    acknowledgeWildcard(role, 'Resource', '*', traces);
  }
}

const traces =
  'The two actions that send traces to X-Ray know no resources; AWS asks for this wildcard, and they only write.';
