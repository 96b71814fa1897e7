import { Duration } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type AccessLogBucket, GuardedBucket } from '../platform/bucket.ts';
import { NodeFunction } from '../platform/node-function.ts';
import type { StageSettings } from '../platform/stage.ts';
import { DocumentTable } from '../platform/table.ts';

export interface RegistryRoomProps {
  readonly stage: StageSettings;
  readonly key: IKey;
  readonly accessLogs: AccessLogBucket;
}

/** The versions, their packages, and what is live. */
export class RegistryRoom extends Construct {
  readonly table: DocumentTable;
  readonly models: GuardedBucket;
  readonly register: LambdaFunction;

  constructor(scope: Construct, id: string, { stage, key, accessLogs }: RegistryRoomProps) {
    super(scope, id);
    this.table = new DocumentTable(this, 'Table', { stage });
    this.models = new GuardedBucket(this, 'Models', {
      key,
      stage,
      accessLogs,
      accessLogPrefix: 'models/',
      lifecycleRules: [{ id: 'job-output', prefix: 'jobs/', expiration: Duration.days(30) }],
    });
    this.register = new NodeFunction(this, 'RegisterVersion', {
      folder: 'register-version',
      description: 'Registers the version of a run, once',
      stage,
      environment: { REGISTRY_TABLE: this.table.tableName },
    });
    this.table.grantItems(this.register, 'GetItem', 'PutItem', 'UpdateItem');
  }

  /** What is live, and versions by their numbers. */
  grantReadLive(grantee: IGrantable): void {
    this.table.grantItems(grantee, 'GetItem');
  }

  /** Changing what is live, with the line in the log that says so. */
  grantChangeLive(grantee: IGrantable): void {
    this.table.grantItems(grantee, 'GetItem', 'BatchGetItem', 'PutItem');
  }

  grantReadPackages(grantee: IGrantable): void {
    this.models.grantReadBelow(grantee, 'packages/');
  }
}
