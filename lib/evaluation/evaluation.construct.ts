import { Duration, Size } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { DataRoom } from '../data/data.construct.ts';
import type { NativeLayers } from '../platform/native-layers.ts';
import { NodeFunction } from '../platform/node-function.ts';
import type { StageSettings } from '../platform/stage.ts';
import type { RegistryRoom } from '../registry/registry.construct.ts';

export interface EvaluationRoomProps {
  readonly stage: StageSettings;
  readonly data: DataRoom;
  readonly registry: RegistryRoom;
  readonly layers: NativeLayers;
}

/** The gate between training and the registry. */
export class EvaluationRoom extends Construct {
  readonly evaluate: LambdaFunction;

  constructor(scope: Construct, id: string, { stage, data, registry, layers }: EvaluationRoomProps) {
    super(scope, id);
    this.evaluate = new NodeFunction(this, 'EvaluateCandidate', {
      folder: 'evaluate-candidate',
      description: 'Judges a trained candidate against the champion on held-out rows',
      stage,
      layers: [layers.onnxruntime, layers.duckdb],
      timeout: Duration.minutes(15),
      memorySize: 3008,
      // The held-out rows of a large dataset, and train rows that they are compared with.
      ephemeralStorageSize: Size.gibibytes(10),
      environment: {
        DATA_BUCKET: data.bucket.bucketName,
        MODEL_BUCKET: registry.models.bucketName,
        REGISTRY_TABLE: registry.table.tableName,
        SIGNING_KEY: registry.signingKey.keyArn,
      },
    });
    data.grantReadDefinitions(this.evaluate);
    data.grantReadDatasets(this.evaluate);
    registry.models.grantReadBelow(this.evaluate, 'jobs/');
    registry.models.grantReadBelow(this.evaluate, 'tuning/');
    registry.grantOpenPackages(this.evaluate);
    registry.models.grantWriteBelow(this.evaluate, 'packages/');
    registry.grantReadLive(this.evaluate);
  }
}
