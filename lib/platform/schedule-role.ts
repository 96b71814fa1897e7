import { Aws } from 'aws-cdk-lib';
import { type IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { allow } from './grants.ts';

export interface ScheduleRoleProps {
  /** Functions that the schedules call. @default none */
  readonly functions?: IFunction[];
  /** Queues that they send to: targets and dead-letter queues. @default none */
  readonly queues?: IQueue[];
}

/** What schedules of a room may do. Targets would add every version of a function to it; this role is finished. */
export function scheduleRole(
  scope: Construct,
  id: string,
  { functions = [], queues = [] }: ScheduleRoleProps,
): IRole {
  const role = new Role(scope, id, {
    description: 'What schedules may call',
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  });
  if (functions.length > 0) {
    const resources = functions.map(({ functionArn }) => functionArn);
    allow(role, { actions: ['lambda:InvokeFunction'], resources });
  }
  if (queues.length > 0) {
    allow(role, { actions: ['sqs:SendMessage'], resources: queues.map(({ queueArn }) => queueArn) });
  }
  return role.withoutPolicyUpdates();
}
