import { Duration, Stack } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type AccessLogBucket, GuardedBucket } from '../platform/bucket.ts';
import { allow } from '../platform/grants.ts';
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
  /** Signs packages; its private half never leaves KMS. */
  readonly signingKey: Key;
  readonly register: LambdaFunction;

  constructor(scope: Construct, id: string, { stage, key, accessLogs }: RegistryRoomProps) {
    super(scope, id);
    this.table = new DocumentTable(this, 'Table', { stage });
    this.models = new GuardedBucket(this, 'Models', {
      key,
      stage,
      accessLogs,
      accessLogPrefix: 'models/',
      lifecycleRules: [
        { id: 'job-output', prefix: 'jobs/', expiration: Duration.days(30) },
        { id: 'federated', prefix: 'federated/', expiration: Duration.days(30) },
      ],
    });
    this.signingKey = new Key(this, 'SigningKey', {
      description: `Signs the model packages of ${Stack.of(this).stackName}`,
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy: stage.removalPolicy,
    });
    this.register = new NodeFunction(this, 'RegisterVersion', {
      folder: 'register-version',
      description: 'Registers the version of a run, once, and writes its card',
      stage,
      environment: {
        REGISTRY_TABLE: this.table.tableName,
        MODEL_BUCKET: this.models.bucketName,
        SIGNING_KEY: this.signingKey.keyArn,
      },
    });
    this.models.grantReadBelow(this.register, 'packages/');
    this.models.grantWriteBelow(this.register, 'signatures/');
    this.models.grantWriteBelow(this.register, 'cards/');
    allow(this.register, {
      actions: ['kms:Sign', 'kms:GetPublicKey'],
      resources: [this.signingKey.keyArn],
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

  /** Reading packages without running them. */
  grantReadPackages(grantee: IGrantable): void {
    this.models.grantReadBelow(grantee, 'packages/');
  }

  /** Reading packages and holding them against their signatures; the function finds the key in SIGNING_KEY. */
  grantOpenPackages(grantee: IGrantable): void {
    this.grantReadPackages(grantee);
    this.models.grantReadBelow(grantee, 'signatures/');
    allow(grantee, { actions: ['kms:GetPublicKey'], resources: [this.signingKey.keyArn] });
  }
}
