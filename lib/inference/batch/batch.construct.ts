import { Duration, Size } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { DataRoom } from '../../data/data.construct.ts';
import type { NativeLayers } from '../../platform/native-layers.ts';
import { NodeFunction } from '../../platform/node-function.ts';
import type { StageSettings } from '../../platform/stage.ts';
import { AslStateMachine } from '../../platform/state-machine.ts';
import type { RegistryRoom } from '../../registry/registry.construct.ts';

export interface BatchRoomProps {
  readonly stage: StageSettings;
  readonly data: DataRoom;
  readonly registry: RegistryRoom;
  readonly layers: NativeLayers;
}

/** Predictions of whole files. Who may put a file below batches/ and start the state machine may ask for them. */
export class BatchRoom extends Construct {
  readonly stateMachine: AslStateMachine;

  constructor(scope: Construct, id: string, { stage, data, registry, layers }: BatchRoomProps) {
    super(scope, id);
    const { bucket } = data;
    const dataBucket = { DATA_BUCKET: bucket.bucketName };
    const plan = new NodeFunction(this, 'PlanBatch', {
      folder: 'plan-batch',
      description: 'Checks the file of a batch and cuts it into parts',
      stage,
      layers: [layers.duckdb],
      timeout: Duration.minutes(15),
      memorySize: 3008,
      ephemeralStorageSize: Size.gibibytes(10),
      environment: {
        ...dataBucket,
        MODEL_BUCKET: registry.models.bucketName,
        REGISTRY_TABLE: registry.table.tableName,
      },
    });
    bucket.grantReadBelow(plan, 'batches/*/input/');
    bucket.grantReadBelow(plan, 'batches/*/rows/');
    bucket.grantWriteBelow(plan, 'batches/*/rows/');
    registry.grantReadLive(plan);
    registry.grantReadPackages(plan);

    const predict = new NodeFunction(this, 'PredictPart', {
      folder: 'predict-part',
      description: 'Answers one part of a batch with its version',
      stage,
      layers: [layers.onnxruntime, layers.duckdb],
      timeout: Duration.minutes(15),
      // One full processor, which Lambda gives at this size.
      memorySize: 1769,
      environment: {
        ...dataBucket,
        MODEL_BUCKET: registry.models.bucketName,
        SIGNING_KEY: registry.signingKey.keyArn,
      },
    });
    bucket.grantReadBelow(predict, 'batches/*/rows/');
    bucket.grantReadBelow(predict, 'batches/*/parts/');
    bucket.grantWriteBelow(predict, 'batches/*/parts/');
    registry.grantOpenPackages(predict);
    data.grantHash(predict);

    const collect = new NodeFunction(this, 'CollectBatch', {
      folder: 'collect-batch',
      description: 'Joins the answers of a batch into one file',
      stage,
      layers: [layers.duckdb],
      timeout: Duration.minutes(15),
      memorySize: 3008,
      ephemeralStorageSize: Size.gibibytes(10),
      environment: dataBucket,
    });
    for (const part of ['rows', 'parts', 'result']) bucket.grantReadBelow(collect, `batches/*/${part}/`);
    bucket.grantWriteBelow(collect, 'batches/*/result/');

    this.stateMachine = new AslStateMachine(this, 'Batch', {
      file: 'batch-prediction.asl.json',
      comment: 'A file of rows, answered part by part',
      functions: { PlanBatch: plan, PredictPart: predict, CollectBatch: collect },
      substitutions: {
        DataBucket: bucket.bucketName,
        PartConcurrency: String(stage.partsAtOnce),
      },
    });
    this.stateMachine.grantMapRuns();
    bucket.grantReadObjects(this.stateMachine, 'batches/*/rows/manifest.json');
  }
}
