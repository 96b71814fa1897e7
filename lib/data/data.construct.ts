import { Duration, Size } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { type LifecycleRule, StorageClass } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ModelDefinition } from '../model/definition.ts';
import { type AccessLogBucket, GuardedBucket } from '../platform/bucket.ts';
import { allow } from '../platform/grants.ts';
import { NodeFunction } from '../platform/node-function.ts';
import type { StageSettings } from '../platform/stage.ts';
import { UploadParts } from './parts/parts.construct.ts';
import { SparkExamination } from './spark/spark.construct.ts';

export interface DataRoomProps {
  readonly stage: StageSettings;
  readonly key: IKey;
  readonly accessLogs: AccessLogBucket;
  readonly duckdb: LayerVersion;
  /** How long what was uploaded is kept is said by each. */
  readonly models: readonly Pick<ModelDefinition, 'name' | 'data' | 'features' | 'privacy'>[];
}

/** Where data lies, and the gate before it. */
export class DataRoom extends Construct {
  readonly bucket: GuardedBucket;
  readonly validate: LambdaFunction;
  /** Examines what is too large for that function. */
  readonly spark: SparkExamination;
  /** Makes one upload of many files. */
  readonly parts: UploadParts;
  /** Turns ids of persons into ids of their erasures. */
  readonly subjectKey: Key;
  /** What keys for hashing personal features are made from. */
  readonly hashKey: Key;

  constructor(scope: Construct, id: string, { stage, key, accessLogs, duckdb, models }: DataRoomProps) {
    super(scope, id);
    this.bucket = new GuardedBucket(this, 'Bucket', {
      key,
      stage,
      accessLogs,
      accessLogPrefix: 'data/',
      announces: true,
      lifecycleRules: [
        {
          id: 'uploads-grow-cold',
          prefix: 'incoming/',
          transitions: [{ storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(30) }],
        },
        // A file and its answers: whoever asked has fetched them by then.
        {
          id: 'batches',
          prefix: 'batches/',
          expiration: Duration.days(30),
          noncurrentVersionExpiration: Duration.days(7),
        },
        // What Spark counted, with values of rows in it: the dataset has what is kept.
        {
          id: 'examinations',
          prefix: 'examinations/',
          expiration: Duration.days(3),
          noncurrentVersionExpiration: Duration.days(1),
        },
        // Copies of what was uploaded, until they are joined.
        {
          id: 'parts',
          prefix: 'parts/',
          expiration: Duration.days(3),
          noncurrentVersionExpiration: Duration.days(1),
        },
        { id: 'captures', prefix: 'captures/', expiration: Duration.days(90) },
        { id: 'profiles', prefix: 'profiles/', expiration: Duration.days(90) },
        { id: 'monitoring', prefix: 'monitoring/', expiration: Duration.days(365) },
        ...models.flatMap(retentionRules),
      ],
    });
    this.subjectKey = new Key(this, 'SubjectKey', {
      description: 'Hashes ids of persons for the records of their erasures',
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      removalPolicy: stage.removalPolicy,
    });
    this.hashKey = new Key(this, 'HashKey', {
      description: 'Makes the keys that personal features are hashed with',
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      removalPolicy: stage.removalPolicy,
    });
    this.validate = new NodeFunction(this, 'ValidateData', {
      folder: 'validate-data',
      description: 'Checks an uploaded file, splits it and freezes its profile',
      stage,
      layers: [duckdb],
      timeout: Duration.minutes(15),
      memorySize: 3008,
      ephemeralStorageSize: Size.gibibytes(10),
      environment: { DATA_BUCKET: this.bucket.bucketName },
    });
    this.grantReadSources(this.validate);
    this.grantReadDatasets(this.validate);
    this.bucket.grantWriteBelow(this.validate, 'datasets/');
    this.grantReadDefinitions(this.validate);
    this.grantHash(this.validate);
    this.bucket.grantReadBelow(this.validate, 'parts/');
    const { bucket, hashKey, validate } = this;
    this.spark = new SparkExamination(this, 'Spark', { stage, key, bucket, models, hashKey, validate });
    this.parts = new UploadParts(this, 'Parts', { stage, bucket, duckdb });
  }

  /** Hashing personal features as datasets have them; the function finds the key in HASH_KEY. */
  grantHash(hasher: LambdaFunction): void {
    hasher.addEnvironment('HASH_KEY', this.hashKey.keyArn);
    allow(hasher, { actions: ['kms:GenerateMac'], resources: [this.hashKey.keyArn] });
  }

  /** What a run began with. */
  grantReadDefinitions(grantee: IGrantable): void {
    this.bucket.grantReadBelow(grantee, 'definitions/');
  }

  /** What a run is made of: an upload, or the rows of a retrain. */
  grantReadSources(grantee: IGrantable): void {
    this.bucket.grantReadBelow(grantee, 'incoming/');
    this.bucket.grantReadBelow(grantee, 'retrain/');
    // New code trains on what the champion learned from, which may be what an erasure left.
    this.bucket.grantReadBelow(grantee, 'rewritten/');
  }

  grantReadDatasets(grantee: IGrantable): void {
    this.bucket.grantReadBelow(grantee, 'datasets/');
  }
}

/** What a definition says of its uploads, also of those that rows were erased from. */
function retentionRules({ name, data }: Pick<ModelDefinition, 'name' | 'data'>): LifecycleRule[] {
  const { archiveUploadsAfterDays: archived, expireUploadsAfterDays: expired } = data.retention ?? {};
  if (archived === undefined && expired === undefined) return [];
  return ['incoming', 'rewritten'].map((folder) => ({
    id: `retention-${folder}-${name}`,
    prefix: `${folder}/${name}/`,
    ...(archived === undefined
      ? {}
      : {
          transitions: [
            {
              storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL,
              transitionAfter: Duration.days(archived),
            },
          ],
        }),
    ...(expired === undefined
      ? {}
      : { expiration: Duration.days(expired), noncurrentVersionExpiration: Duration.days(7) }),
  }));
}
