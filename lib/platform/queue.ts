import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './nag-acknowledgements.ts';

export interface RedrivenQueueProps {
  /** How long the consumer may take. The message stays hidden six times as long, as Lambda asks for. */
  readonly consumerTimeout: Duration;
  /** Deliveries before a message is put aside. @default 5 */
  readonly maxReceiveCount?: number;
}

/** A queue whose messages are put aside, not lost, when they cannot be handled. */
export class RedrivenQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: RedrivenQueueProps) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, 'DeadLetters');
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(props.consumerTimeout.toSeconds() * 6),
      retentionPeriod: Duration.days(14),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: props.maxReceiveCount ?? 5 },
    });
  }
}

export function deadLetterQueue(scope: Construct, id: string): Queue {
  const queue = new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  acknowledge(queue, 'lastQueue');
  return queue;
}

/** A burst of messages takes no more of the account's functions than this many at a time. */
const maxConcurrency = 5;

/** Lets a function work off a queue, ten messages at a time; those it names as failed are delivered again. */
export function pollQueue(worker: LambdaFunction, queue: Queue): void {
  worker.addEventSource(
    new SqsEventSource(queue, { batchSize: 10, reportBatchItemFailures: true, maxConcurrency }),
  );
  // The mapping is a construct below the function.
  acknowledge(worker, 'queuePolling');
}
