import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/*
 * Every rule of cdk-nag's packs that something of ours does not keep, and why that is right. A reason stands at the
 * narrowest construct; wildcards in rights are acknowledged one by one where they are given, by grants.ts.
 */

const reasons = {
  /** The queue in which undeliverable messages end. */
  lastQueue: {
    'AwsSolutions-SQS3':
      'This is the dead-letter queue of other deliveries; an alarm watches it from its first message.',
    'Serverless-SQSRedrivePolicy':
      'This is the dead-letter queue of other deliveries; a queue behind it would only hide from its alarm what was put aside.',
  },
  /** A function that is called and waited for: by a state machine, by the API, or by a poller of a queue. */
  awaitedFunction: {
    'Serverless-LambdaDLQ':
      'Lambda fills this queue for asynchronous calls only, and nobody may call this function so: its caller waits for the answer, and repeats or reports a failure.',
  },
  /** A function called asynchronously whose failed events go to a queue by another setting. */
  redirectedFunction: {
    'Serverless-LambdaDLQ':
      'What this function could not handle goes to a dead-letter queue with its cause: by its on-failure destination, or by the retry policy of the rule or schedule that calls it.',
  },
  /** Deliveries from a queue to a function. */
  queuePolling: {
    'Serverless-LambdaEventSourceMappingDestination':
      'A source that is an SQS queue takes no destination; its messages go to the dead-letter queue of the queue itself after five deliveries.',
  },
  /** A method of the API whose callers bring an API key. */
  keyedMethod: {
    'AwsSolutions-APIG4':
      'Callers are applications that bring an API key of a usage plan, required by every method; a stage set to IAM authorisation takes signed requests instead.',
    'AwsSolutions-COG4':
      'Callers are applications, not people: there is no pool of users. A key of a usage plan, or IAM by a setting of the stage, proves who calls.',
  },
  /** A method of the API whose callers sign with IAM. */
  signedMethod: {
    'AwsSolutions-COG4':
      'Callers are applications that sign their requests with IAM; there is no pool of users.',
  },
  /** The API of the local engine. */
  loopbackApi: {
    'AwsSolutions-APIG3':
      'The local engine answers its own machine alone, by the loopback address; every stage on AWS has a web ACL.',
  },
  /** The role with which API Gateway writes its logs, one for an account and region. */
  gatewayLogRole: {
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
      'API Gateway takes one log role for a whole account and checks it against this policy of AWS; a narrower one could silence other APIs of the account.',
  },
} as const satisfies Record<string, Record<string, string>>;

/** Says why a construct, with all in it, does not keep some rules. */
export function acknowledge(construct: IConstruct, what: keyof typeof reasons): void {
  for (const [id, reason] of Object.entries(reasons[what])) {
    Validations.of(construct).acknowledge({ id, reason });
  }
}

/** Says why a wildcard in a right cannot be narrower. The action or resource is taken as it is in the template. */
export function acknowledgeWildcard(
  holder: IConstruct,
  kind: 'Action' | 'Resource',
  value: string,
  reason: string,
): void {
  const text = flatten(Stack.of(holder).resolve(value));
  Validations.of(holder).acknowledge({ id: `AwsSolutions-IAM5[${kind}::${text}]`, reason });
}

/** A value of a template as cdk-nag writes it in the names of its findings: references in angle brackets. */
export function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  const [[intrinsic, argument] = []] = Object.entries(value);
  if (intrinsic === 'Ref') return `<${argument}>`;
  if (intrinsic === 'Fn::GetAtt' && Array.isArray(argument)) return `<${argument.join('.')}>`;
  if (intrinsic === 'Fn::Join' && Array.isArray(argument) && Array.isArray(argument[1])) {
    return argument[1].map(flatten).join(String(argument[0]));
  }
  return JSON.stringify(value);
}
