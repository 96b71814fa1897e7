import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { NativeLayers } from '../platform/native-layers.ts';
import { NodeFunction } from '../platform/node-function.ts';
import type { StageSettings } from '../platform/stage.ts';
import type { RegistryRoom } from '../registry/registry.construct.ts';

export interface InferenceRoomProps {
  readonly stage: StageSettings;
  readonly registry: RegistryRoom;
  readonly layers: NativeLayers;
  /** Names of the deployed models: others do not exist for callers. */
  readonly modelNames: string[];
}

/** The function that answers predictions. It may read what is live and its packages, and write nothing. */
export class InferenceRoom extends Construct {
  readonly predict: LambdaFunction;

  constructor(scope: Construct, id: string, { stage, registry, layers, modelNames }: InferenceRoomProps) {
    super(scope, id);
    this.predict = new NodeFunction(this, 'Predict', {
      folder: 'predict',
      description: 'Answers predictions with the live versions',
      stage,
      layers: [layers.onnxruntime],
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
        MODEL_NAMES: modelNames.join(','),
      },
    });
    registry.grantReadLive(this.predict);
    registry.grantOpenPackages(this.predict);
  }
}
