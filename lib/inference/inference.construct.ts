import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import packageFile from '../../package.json' with { type: 'json' };
import type { ModelDefinition } from '../model/definition.ts';
import type { NativeLayers } from '../platform/native-layers.ts';
import { NodeFunction } from '../platform/node-function.ts';
import type { StageSettings } from '../platform/stage.ts';
import type { RegistryRoom } from '../registry/registry.construct.ts';
import { describeApi } from './openapi.ts';
import { openApiFile } from './openapi-file.ts';

export interface InferenceRoomProps {
  readonly stage: StageSettings;
  readonly registry: RegistryRoom;
  readonly layers: NativeLayers;
  /** The deployed models: others do not exist for callers. */
  readonly models: readonly ModelDefinition[];
  /** Of rooms that answer beside predictions, for the OpenAPI document. */
  readonly furtherPaths: Readonly<Record<string, object>>;
}

/**
 * Lambda's init phase waits for the top-level await of an ES module. What a CommonJS bundle begins would be frozen on its
 * way when no request follows at once.
 */
const initModule = `import index from './index.js';
await index.warmUp();
export const handler = index.handler;
`;

/** The function that answers predictions. It may read what is live and its packages, and write nothing. */
export class InferenceRoom extends Construct {
  readonly predict: NodeFunction;

  constructor(scope: Construct, id: string, props: InferenceRoomProps) {
    super(scope, id);
    const { stage, registry, layers, models, furtherPaths } = props;
    const document = describeApi({
      version: packageFile.version,
      models,
      authorization: stage.apiAuthorization === 'iam' ? 'iam' : 'key',
      hasInvocations: false,
      furtherPaths,
    });
    this.predict = new NodeFunction(this, 'Predict', {
      folder: 'predict',
      description: 'Answers predictions with the live versions',
      stage,
      layers: [layers.onnxruntime],
      files: { [openApiFile]: JSON.stringify(document), 'init.mjs': initModule },
      handler: 'init.handler',
      timeout: Duration.seconds(29),
      // One full processor, which Lambda gives at this size.
      memorySize: 1769,
      ...(stage.predictConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: stage.predictConcurrency }),
      environment: {
        REGISTRY_TABLE: registry.table.tableName,
        MODEL_BUCKET: registry.models.bucketName,
        SIGNING_KEY: registry.signingKey.keyArn,
        MODEL_NAMES: models.map(({ name }) => name).join(','),
      },
    });
    registry.grantReadLive(this.predict);
    registry.grantOpenPackages(this.predict);
  }
}
