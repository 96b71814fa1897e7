import { join } from 'node:path';
import { Aws, Stack } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { ModelDefinition } from '../../model/definition.ts';
import { hashKeyNameOf } from '../../model/disguise.ts';
import type { GuardedBucket } from '../../platform/bucket.ts';
import { allow } from '../../platform/grants.ts';
import { JobRole } from '../../platform/job-role.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { grantRunJobs } from '../../platform/sagemaker-jobs.ts';
import type { StageSettings } from '../../platform/stage.ts';
import { sha256 } from '../../shared/digest.ts';
import { sparkImage } from './spark-image.ts';
import { sparkRoleSuffix } from './spark-job.ts';
import type { SparkSiteSettings } from './spark-site.ts';

export interface SparkExaminationProps {
  readonly stage: StageSettings;
  readonly key: IKey;
  readonly bucket: GuardedBucket;
  readonly models: readonly Pick<ModelDefinition, 'name' | 'features' | 'privacy'>[];
  /** What keys for hashing personal features are made from. */
  readonly hashKey: IKey;
  /** What plans the jobs and concludes from what they counted. */
  readonly validate: LambdaFunction;
}

const programFolder = join(packageRoot, 'spark');

/** Examines what is too large for a function: a program, and a role for the files of each model. */
export class SparkExamination extends Construct {
  readonly roles: JobRole[];

  constructor(scope: Construct, id: string, props: SparkExaminationProps) {
    const { stage, key, bucket, models, hashKey, validate } = props;
    super(scope, id);
    const stack = Stack.of(this);
    const image = stage.spark.image ?? sparkImage(stack.region, Aws.URL_SUFFIX);
    const program = new Asset(this, 'Program', { path: join(programFolder, 'examine.py') });
    const code = new Asset(this, 'Package', {
      path: programFolder,
      exclude: ['*', '!evergreen_spark', '!evergreen_spark/*.py'],
    });
    // Names of roles are those of an account, whatever the region: two stacks must not meet in one.
    const home = sha256(`${stack.stackName} ${this.node.path}`).slice(0, 8);
    const namePrefix = `evergreen-spark-${Aws.REGION}-${home}-`;
    this.roles = models.map((model) => {
      const { name } = model;
      const role = new JobRole(this, name, {
        description: `What jobs that examine files of ${name} may do`,
        key,
        kind: 'processing',
        roleName: `${namePrefix}${sparkRoleSuffix(name)}`,
      });
      role.grantReadSource(program);
      role.grantReadSource(code);
      // Rows of a retrain lie in the second, and many files that were made one upload in the third.
      for (const folder of ['incoming', 'retrain', 'rewritten']) {
        bucket.grantReadOnlyBelow(role, `${folder}/${name}/`);
      }
      bucket.grantReadOnlyBelow(role, `examinations/${name}/`);
      bucket.grantWriteBelow(role, `examinations/${name}/`);
      if (hashKeyNameOf(model) !== undefined) {
        allow(role, { actions: ['kms:GenerateMac'], resources: [hashKey.keyArn] });
      }
      return role;
    });
    bucket.grantReadBelow(validate, 'examinations/');
    bucket.grantWriteBelow(validate, 'examinations/');
    validate.addEnvironment('MAX_SOURCE_BYTES', String(stage.sparkAboveMib * 1024 ** 2));
    if (image === undefined) return;
    const site: SparkSiteSettings = {
      codeBucket: code.s3BucketName,
      packageKey: code.s3ObjectKey,
      programKey: program.s3ObjectKey,
      image,
      rolePrefix: stack.formatArn({ service: 'iam', region: '', resource: 'role', resourceName: namePrefix }),
      kmsKeyArn: key.keyArn,
      instanceType: stage.spark.instanceType,
      bytesPerInstance: stage.spark.gibPerInstance * 1024 ** 3,
      mostInstances: stage.spark.mostInstances,
      volumeGib: stage.spark.volumeGib,
      maxHours: stage.spark.maxHours,
      maxSourceBytes: stage.spark.maxSourceGib * 1024 ** 3,
      hashKeyArn: hashKey.keyArn,
    };
    validate.addEnvironment('SPARK_SITE', stack.toJsonString(site));
  }

  /** Lets a state machine run these jobs and wait for them. */
  grantRun(grantee: IGrantable): void {
    grantRunJobs(grantee, this, {
      kind: 'ProcessingJob',
      resource: 'processing-job',
      roles: this.roles,
      rule: 'StepFunctionsGetEventsForSageMakerProcessingJobsRule',
    });
  }
}
