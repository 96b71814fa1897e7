import { Arn, ArnFormat, Aws, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { allow } from '../platform/grants.ts';

export interface JobRoleProps {
  readonly description: string;
  /** Of what the job leaves. */
  readonly key: IKey;
  readonly roleName: string;
}

/** What SageMaker runs a training job as: it gets its container and writes its log, and reads only what it is given. */
export class JobRole extends Role {
  constructor(scope: Construct, id: string, { description, key, roleName }: JobRoleProps) {
    super(scope, id, {
      description,
      roleName,
      assumedBy: new ServicePrincipal('sagemaker.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    });
    // Asked for besides the rights of S3 when a job names the key of its output:
    // https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html
    allow(this, { actions: ['kms:Encrypt'], resources: [key.keyArn] });
    this.#grantLogsAndImage();
  }

  /** The key of a source archive is known, so the role reads this one archive of its bucket. */
  grantReadSource(asset: Asset): void {
    allow(this, {
      actions: ['s3:GetObject'],
      resources: [asset.bucket.arnForObjects(asset.s3ObjectKey)],
    });
    allow(this, {
      actions: ['s3:ListBucket'],
      resources: [asset.bucket.bucketArn],
      conditions: { StringEquals: { 's3:prefix': asset.s3ObjectKey } },
    });
  }

  #grantLogsAndImage(): void {
    const stack = Stack.of(this);
    const logs = (resource: string) =>
      stack.formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName: resource,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    allow(this, {
      actions: [
        'logs:CreateLogGroup',
        'logs:CreateLogStream',
        'logs:DescribeLogStreams',
        'logs:PutLogEvents',
      ],
      resources: [logs('/aws/sagemaker/*'), logs('/aws/sagemaker/*:log-stream:*')],
      because:
        'SageMaker makes a log stream for each job, named after it; these are the log groups of its jobs.',
    });
    allow(this, {
      actions: ['cloudwatch:PutMetricData'],
      resources: ['*'],
      conditions: { StringEquals: { 'cloudwatch:namespace': '/aws/sagemaker/TrainingJobs' } },
      because: 'This action knows no resources; the condition holds it to the namespace of training jobs.',
    });
    allow(this, {
      actions: ['ecr:GetAuthorizationToken'],
      resources: ['*'],
      because: 'This action knows no resources; the token opens nothing that other rights do not name.',
    });
    allow(this, {
      actions: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability'],
      resources: [
        Arn.format(
          { service: 'ecr', account: '*', resource: 'repository', resourceName: 'pytorch-training' },
          stack,
        ),
      ],
      because: 'The account of AWS with the deep learning containers differs from region to region.',
    });
  }
}
