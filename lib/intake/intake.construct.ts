import { Duration } from 'aws-cdk-lib';
import { Rule, type RuleProps } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DeployedModel } from '../model/deployed-model.ts';
import { modelsFile } from '../model/deployed-models.ts';
import type { GuardedBucket } from '../platform/bucket.ts';
import { NodeFunction } from '../platform/node-function.ts';
import { deadLetterQueue, pollQueue, RedrivenQueue } from '../platform/queue.ts';
import type { StageSettings } from '../platform/stage.ts';
import type { AslStateMachine } from '../platform/state-machine.ts';
import { DocumentTable } from '../platform/table.ts';

export interface IntakeRoomProps {
  readonly stage: StageSettings;
  readonly dataBucket: GuardedBucket;
  readonly models: DeployedModel[];
}

/** The door: an arrival becomes one run, and a run's end lets the next one in. */
export class IntakeRoom extends Construct {
  readonly runs: DocumentTable;
  readonly queue: Queue;
  /** Queues of what was put aside, by what was. */
  readonly deadLetters: Record<string, Queue>;
  readonly #props: IntakeRoomProps;

  constructor(scope: Construct, id: string, props: IntakeRoomProps) {
    super(scope, id);
    this.#props = props;
    this.runs = new DocumentTable(this, 'Runs', {
      stage: props.stage,
      indexes: { byTime: { partition: 'kind', sort: 'createdAt' } },
    });
    const arrivals = new RedrivenQueue(this, 'Arrivals', { consumerTimeout: acceptTimeout });
    this.queue = arrivals.queue;
    const uploads = deadLetterQueue(this, 'UploadDeadLetters');
    this.deadLetters = { arrivals: arrivals.deadLetters, uploads };
    new Rule(this, 'Uploaded', {
      description: 'A file was uploaded for a model',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [props.dataBucket.bucketName] },
          object: { key: [{ prefix: 'incoming/' }] },
        },
      },
      targets: [new SqsQueue(this.queue, { deadLetterQueue: uploads })],
    });
  }

  /** Lets arrivals start executions of the pipeline, and its endings free the way for the next. */
  feed(pipeline: AslStateMachine): { accept: LambdaFunction; end: LambdaFunction; join: LambdaFunction } {
    const accept = this.#dispatcher(
      'AcceptArrivals',
      'accept-arrivals',
      'Turns arrivals into runs',
      pipeline,
      false,
    );
    pollQueue(accept, this.queue);

    const end = this.#dispatcher(
      'EndRun',
      'end-run',
      'Records how a run ended and starts the next',
      pipeline,
      true,
    );
    this.#tell(end, 'Ended', 'endings', {
      description: 'An execution of the pipeline ended',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          stateMachineArn: [pipeline.stateMachineArn],
          status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'],
        },
      },
    });

    const join = this.#dispatcher(
      'LetJoin',
      'let-join',
      'Starts the next run beside an A/B test that others may join',
      pipeline,
      true,
    );
    // Each look says it again: what is lost once is made good at the next.
    this.#tell(join, 'MayJoin', 'joins', {
      description: 'An A/B test that others may join began, or was looked at',
      eventPattern: {
        source: ['evergreen'],
        detailType: ['ab.began', 'ab.judged'],
        detail: { data: { mayJoin: [true] } },
      },
    });
    return { accept, end, join };
  }

  #tell(
    told: LambdaFunction,
    id: string,
    put: 'endings' | 'joins',
    rule: Pick<RuleProps, 'description' | 'eventPattern'>,
  ): void {
    const unheard = deadLetterQueue(this, `${told.node.id}DeadLetters`);
    this.deadLetters[put] = unheard;
    // The rule's queue keeps what was not delivered, this one what was and failed.
    told.configureAsyncInvoke({ onFailure: new SqsDestination(unheard), retryAttempts: 2 });
    new Rule(this, id, {
      ...rule,
      targets: [
        new LambdaTarget(told, {
          deadLetterQueue: unheard,
          retryAttempts: 20,
          maxEventAge: Duration.hours(24),
        }),
      ],
    });
  }

  grantRequestRun(grantee: IGrantable): void {
    this.queue.grantSendMessages(grantee);
  }

  #dispatcher(
    id: string,
    folder: string,
    description: string,
    pipeline: AslStateMachine,
    isRedirected: boolean,
  ): LambdaFunction {
    const { stage, dataBucket, models } = this.#props;
    const dispatcher = new NodeFunction(this, id, {
      folder,
      description,
      stage,
      timeout: acceptTimeout,
      isRedirected,
      files: { [modelsFile]: JSON.stringify(models) },
      environment: {
        RUNS_TABLE: this.runs.tableName,
        DATA_BUCKET: dataBucket.bucketName,
        PIPELINE_ARN: pipeline.stateMachineArn,
      },
    });
    this.runs.grantItems(dispatcher, 'GetItem', 'PutItem', 'UpdateItem');
    dataBucket.grantWriteBelow(dispatcher, 'definitions/');
    pipeline.grantStartExecution(dispatcher);
    pipeline.grantExecutions(dispatcher, 'states:DescribeExecution');
    return dispatcher;
  }
}

const acceptTimeout = Duration.seconds(60);
