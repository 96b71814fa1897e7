import { Stack } from 'aws-cdk-lib';
import type { IGrantable, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { allow } from './grants.ts';

/** Why the rights on jobs are as wide as they are. */
export const jobNames =
  'Jobs get their names when they start; all of this product begin so, and no others do.';

/** All jobs of this product of one kind. */
export function jobsOf(scope: Construct, resource: string): string {
  return Stack.of(scope).formatArn({ service: 'sagemaker', resource, resourceName: 'evergreen-*' });
}

export interface JobRights {
  /** As the API calls it in its actions, and in its ARNs. */
  readonly kind: 'TrainingJob' | 'HyperParameterTuningJob' | 'ProcessingJob';
  readonly resource: string;
  /** What such jobs run as. */
  readonly roles: readonly Role[];
  /** The rule of a fixed name by which Step Functions learns of a job's end. */
  readonly rule: string;
}

/** Lets a state machine run jobs of this product as some roles, and wait for them. */
export function grantRunJobs(
  grantee: IGrantable,
  scope: Construct,
  { kind, resource, roles, rule }: JobRights,
): void {
  const verbs = ['Create', 'Describe', 'Stop'];
  allow(grantee, {
    actions: [...verbs.map((verb) => `sagemaker:${verb}${kind}`), 'sagemaker:AddTags'],
    resources: [jobsOf(scope, resource)],
    because: jobNames,
  });
  allow(grantee, {
    actions: ['sagemaker:ListTags'],
    resources: ['*'],
    because:
      'Step Functions reads the tags of jobs; the policy that AWS gives for these integrations has this right on every resource (Step Functions Developer Guide, IAM policies for Amazon SageMaker).',
  });
  allow(grantee, {
    actions: ['iam:PassRole'],
    resources: roles.map(({ roleArn }) => roleArn),
    conditions: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } },
  });
  allow(grantee, {
    actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
    resources: [Stack.of(scope).formatArn({ service: 'events', resource: 'rule', resourceName: rule })],
  });
}
