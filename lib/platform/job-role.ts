import { Arn, ArnFormat, Aws, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { allow } from './grants.ts';

export interface JobRoleProps {
  readonly description: string;
  /** Of what the job leaves. */
  readonly key: IKey;
  readonly roleName: string;
  readonly kind: 'training' | 'processing';
}

/** By kind of job, the repository of AWS that its container is in, and the namespace of its metrics. */
const kinds = {
  training: { repository: 'pytorch-training', namespace: '/aws/sagemaker/TrainingJobs' },
  processing: { repository: 'sagemaker-spark-processing', namespace: '/aws/sagemaker/ProcessingJobs' },
} as const;

/** What SageMaker runs a job as: it gets its container and writes its log, and reads only what it is given. */
export class JobRole extends Role {
  constructor(scope: Construct, id: string, { description, key, roleName, kind }: JobRoleProps) {
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
    this.#grantLogsAndImage(kinds[kind]);
  }

  /** The key of a program is known, so the role reads this one object of its bucket. */
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

  #grantLogsAndImage({ repository, namespace }: (typeof kinds)[JobRoleProps['kind']]): void {
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
      conditions: { StringEquals: { 'cloudwatch:namespace': namespace } },
      because: 'This action knows no resources; the condition holds it to the namespace of such jobs.',
    });
    allow(this, {
      actions: ['ecr:GetAuthorizationToken'],
      resources: ['*'],
      because: 'This action knows no resources; the token opens nothing that other rights do not name.',
    });
    allow(this, {
      actions: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability'],
      resources: [
        Arn.format({ service: 'ecr', account: '*', resource: 'repository', resourceName: repository }, stack),
      ],
      because: 'The account of AWS with its containers differs from region to region.',
    });
  }
}
