import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { allow } from './grants.ts';
import type { StageSettings } from './stage.ts';

export interface GuardedBucketProps {
  readonly key: IKey;
  readonly stage: StageSettings;
  readonly lifecycleRules: LifecycleRule[];
  /** Where accesses are logged. */
  readonly accessLogs: AccessLogBucket;
  /** What the keys of its access log begin with. */
  readonly accessLogPrefix: string;
  /** Whether EventBridge hears of new objects. @default false */
  readonly announces?: boolean;
}

/** A versioned, encrypted bucket that answers over TLS only. */
export class GuardedBucket extends Bucket {
  readonly #key: IKey;

  constructor(scope: Construct, id: string, props: GuardedBucketProps) {
    super(scope, id, {
      versioned: true,
      encryption: BucketEncryption.KMS,
      encryptionKey: props.key,
      bucketKeyEnabled: true,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: props.stage.removalPolicy,
      lifecycleRules: [
        {
          id: 'what-was-overwritten',
          noncurrentVersionExpiration: Duration.days(90),
          abortIncompleteMultipartUploadAfter: Duration.days(7),
          expiredObjectDeleteMarker: true,
        },
        ...props.lifecycleRules,
      ],
    });
    this.#key = props.key;
    // The resource's own properties: the construct's options add an access list, a function and a role to set them.
    const bucket = this.node.defaultChild as CfnBucket;
    bucket.loggingConfiguration = {
      destinationBucketName: props.accessLogs.bucketName,
      logFilePrefix: props.accessLogPrefix,
    };
    props.accessLogs.receive(this, props.accessLogPrefix);
    if (props.announces) {
      bucket.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    }
  }

  /**
   * Reading objects below a prefix, each in any version. Listing comes with it: without that right S3 says of a
   * missing object that access to it is denied.
   *
   * @param prefix Ends with a slash.
   */
  grantReadBelow(grantee: IGrantable, prefix: string): void {
    allow(grantee, {
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [this.arnForObjects(`${prefix}*`)],
      because: becauseKeysAreMany(prefix),
    });
    allow(grantee, { actions: ['s3:ListBucket'], resources: [this.bucketArn] });
    allow(grantee, { actions: ['kms:Decrypt'], resources: [this.#key.keyArn] });
  }

  /**
   * Reading objects below a prefix, and listing no others: what is called how and how large elsewhere is not told.
   *
   * @param prefix Ends with a slash.
   */
  grantReadOnlyBelow(grantee: IGrantable, prefix: string): void {
    allow(grantee, {
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [this.arnForObjects(`${prefix}*`)],
      because: becauseKeysAreMany(prefix),
    });
    allow(grantee, {
      actions: ['s3:ListBucket'],
      resources: [this.bucketArn],
      conditions: { StringLike: { 's3:prefix': `${prefix}*` } },
    });
    allow(grantee, { actions: ['kms:Decrypt'], resources: [this.#key.keyArn] });
  }

  /**
   * Reading objects by the pattern of their keys, without listing: who asks for one that is missing is told that access
   * to it is denied.
   */
  grantReadObjects(grantee: IGrantable, pattern: string): void {
    allow(grantee, {
      actions: ['s3:GetObject'],
      resources: [this.arnForObjects(pattern)],
      because: becauseKeysAreMany(pattern),
    });
    allow(grantee, { actions: ['kms:Decrypt'], resources: [this.#key.keyArn] });
  }

  /** Writing objects below a prefix. Nothing is deleted: that is left to the lifecycle rules. */
  grantWriteBelow(grantee: IGrantable, prefix: string): void {
    allow(grantee, {
      actions: ['s3:PutObject', 's3:AbortMultipartUpload'],
      resources: [this.arnForObjects(`${prefix}*`)],
      because: becauseKeysAreMany(prefix),
    });
    // Parts of a large object are decrypted again when they are put together.
    allow(grantee, { actions: ['kms:GenerateDataKey', 'kms:Decrypt'], resources: [this.#key.keyArn] });
  }
}

const becauseKeysAreMany = (prefix: string) =>
  `Objects below ${prefix} get their keys from models, runs and contents after the deployment; no list of them can exist at synthesis, and no other prefix is included.`;

/** The bucket of access logs: S3 writes to it, so it is encrypted with S3's own key. */
export class AccessLogBucket extends Bucket {
  constructor(scope: Construct, id: string, stage: StageSettings) {
    super(scope, id, {
      versioned: true,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy:
        stage.removalPolicy === RemovalPolicy.RETAIN ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      lifecycleRules: [
        { id: 'logs', expiration: Duration.days(180), noncurrentVersionExpiration: Duration.days(30) },
      ],
    });
  }

  /** Lets S3 write the access log of a bucket, and of no other account's. */
  receive(source: IBucket, prefix: string): void {
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('logging.s3.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [this.arnForObjects(`${prefix}*`)],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
    source.node.addDependency(this);
  }
}
