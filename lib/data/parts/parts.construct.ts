import { Duration, Size } from 'aws-cdk-lib';
import type { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { GuardedBucket } from '../../platform/bucket.ts';
import { NodeFunction } from '../../platform/node-function.ts';
import type { StageSettings } from '../../platform/stage.ts';
import { AslStateMachine } from '../../platform/state-machine.ts';

export interface UploadPartsProps {
  readonly stage: StageSettings;
  readonly bucket: GuardedBucket;
  readonly duckdb: LayerVersion;
}

/** Makes one upload of many files. */
export class UploadParts extends Construct {
  readonly stateMachine: AslStateMachine;

  constructor(scope: Construct, id: string, { stage, bucket, duckdb }: UploadPartsProps) {
    super(scope, id);
    const common = {
      stage,
      timeout: Duration.minutes(15),
      environment: { DATA_BUCKET: bucket.bucketName },
    };
    const plan = new NodeFunction(this, 'PlanParts', {
      ...common,
      folder: 'plan-parts',
      description: 'Finds the files that the manifest of an upload names',
      memorySize: 512,
    });
    const read = new NodeFunction(this, 'ReadPart', {
      ...common,
      layers: [duckdb],
      folder: 'read-part',
      description: 'Reads one file of an upload of many',
      // One full processor, which Lambda gives at this size.
      memorySize: 1769,
      ephemeralStorageSize: Size.gibibytes(10),
    });
    const join = new NodeFunction(this, 'JoinParts', {
      ...common,
      layers: [duckdb],
      folder: 'join-parts',
      description: 'Joins the files of an upload into one',
      memorySize: 3008,
      ephemeralStorageSize: Size.gibibytes(10),
    });
    for (const each of [plan, read, join]) {
      bucket.grantReadBelow(each, 'incoming/');
      bucket.grantWriteBelow(each, 'parts/');
    }
    for (const each of [plan, read]) bucket.grantReadBelow(each, 'definitions/');
    bucket.grantReadBelow(join, 'parts/');
    bucket.grantWriteBelow(join, 'rewritten/');

    this.stateMachine = new AslStateMachine(this, 'Machine', {
      file: 'upload-parts.asl.json',
      comment: 'The files of an upload, read one by one and joined',
      functions: { PlanParts: plan, ReadPart: read, JoinParts: join },
      substitutions: {
        DataBucket: bucket.bucketName,
        PartConcurrency: String(stage.partsAtOnce),
      },
    });
    this.stateMachine.grantMapRuns();
    bucket.grantReadObjects(this.stateMachine, 'parts/*/plan.json');
  }
}
