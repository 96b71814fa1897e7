import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { type IRole, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke, SqsSendMessage } from 'aws-cdk-lib/aws-scheduler-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DataRoom } from '../data/data.construct.ts';
import type { IntakeRoom } from '../intake/intake.construct.ts';
import type { DeployedModel } from '../model/deployed-model.ts';
import { modelsFile } from '../model/deployed-models.ts';
import { hasOwnTriggers } from '../model/update-mode.ts';
import { alarmPrefixOf } from '../monitoring/model-alarms.construct.ts';
import type { MonitoringRoom } from '../monitoring/monitoring.construct.ts';
import { allow } from '../platform/grants.ts';
import type { NativeLayers } from '../platform/native-layers.ts';
import { NodeFunction } from '../platform/node-function.ts';
import { deadLetterQueue, pollQueue, RedrivenQueue } from '../platform/queue.ts';
import { scheduleRole } from '../platform/schedule-role.ts';
import type { StageSettings } from '../platform/stage.ts';
import type { AslStateMachine } from '../platform/state-machine.ts';
import type { RegistryRoom } from '../registry/registry.construct.ts';

export interface RemediationRoomProps {
  readonly stage: StageSettings;
  readonly data: DataRoom;
  readonly intake: IntakeRoom;
  readonly registry: RegistryRoom;
  readonly monitoring: MonitoringRoom;
  readonly layers: NativeLayers;
  readonly deployed: DeployedModel[];
}

/** Where alarms are judged: take a candidate out, roll back, retrain, or leave alone. */
export class RemediationRoom extends Construct {
  /** Alarms that the product judges itself. */
  readonly alarms: Topic;
  /** Where people are called: subscribe an address or a pager here. */
  readonly people: Topic;
  readonly remediate: LambdaFunction;
  readonly assemble: LambdaFunction;
  readonly ask: LambdaFunction;
  /** Queues of what was put aside, by what was. */
  readonly deadLetters: Record<string, Queue>;
  readonly #judged: Queue;
  readonly #undelivered: Queue;

  constructor(scope: Construct, id: string, props: RemediationRoomProps) {
    super(scope, id);
    const { stage, data, intake, registry, monitoring, layers, deployed } = props;
    const key = this.#topicKey(stage);
    this.alarms = alarmTopic(this, 'Topic', 'Evergreen alarms', key);
    this.people = alarmTopic(this, 'People', 'Evergreen needs a person', key);

    const timeout = Duration.minutes(1);
    const judged = new RedrivenQueue(this, 'Alarms', { consumerTimeout: timeout });
    const undelivered = deadLetterQueue(this, 'AlarmDeadLetters');
    this.alarms.addSubscription(new SqsSubscription(judged.queue, { deadLetterQueue: undelivered }));
    this.remediate = new NodeFunction(this, 'RemediateAlarm', {
      folder: 'remediate-alarm',
      description: 'Judges alarms: withdraw, roll back, retrain or leave',
      stage,
      timeout,
      files: { [modelsFile]: JSON.stringify(deployed) },
      environment: {
        REGISTRY_TABLE: registry.table.tableName,
        RUNS_TABLE: intake.runs.tableName,
        PREDICTIONS_TABLE: monitoring.predictions.tableName,
        INTAKE_QUEUE_URL: intake.queue.queueUrl,
        ALARM_PREFIX: alarmPrefixOf(stage),
      },
    });
    pollQueue(this.remediate, judged.queue);
    this.#judged = judged.queue;
    this.#undelivered = undelivered;
    monitoring.grantReadLabels(this.remediate);
    registry.grantChangeLive(this.remediate);
    // Judgements are kept in the registry's table, beside the log that tells of them.
    registry.table.grantItems(this.remediate, 'Query', 'UpdateItem');
    intake.runs.grantItems(this.remediate, 'GetItem');
    intake.grantRequestRun(this.remediate);
    allow(this.remediate, {
      actions: ['cloudwatch:DescribeAlarms'],
      resources: ['*'],
      because: 'Alarms are listed before they are chosen by name; the action only reads.',
    });

    this.assemble = new NodeFunction(this, 'AssembleRetrain', {
      folder: 'assemble-retrain',
      description: 'Gathers the rows of a retrain: those known and those labelled since',
      stage,
      layers: [layers.duckdb],
      timeout: Duration.minutes(15),
      memorySize: 3008,
      environment: {
        DATA_BUCKET: data.bucket.bucketName,
        REGISTRY_TABLE: registry.table.tableName,
        PREDICTIONS_TABLE: monitoring.predictions.tableName,
      },
    });
    data.grantReadDefinitions(this.assemble);
    data.grantReadDatasets(this.assemble);
    data.bucket.grantReadBelow(this.assemble, 'captures/');
    data.bucket.grantReadBelow(this.assemble, 'retrain/');
    data.bucket.grantWriteBelow(this.assemble, 'retrain/');
    registry.grantReadLive(this.assemble);
    monitoring.grantReadLabelled(this.assemble);

    this.ask = this.#asker(props);
    const unheard = deadLetterQueue(this, 'ScheduleDeadLetters');
    // The schedule's own queue is for calls that did not reach the function.
    this.ask.configureAsyncInvoke({ onFailure: new SqsDestination(unheard), retryAttempts: 2 });
    this.deadLetters = { alarms: judged.deadLetters, 'alarm-deliveries': undelivered, retrains: unheard };
    const role = scheduleRole(this, 'ScheduleRole', {
      functions: [this.ask],
      queues: [intake.queue, unheard],
    });
    for (const { definition } of deployed) {
      this.#scheduleRetrain(definition.name, definition.retrain.everyDays, { intake, unheard, role });
      if (hasOwnTriggers(definition.retrain)) this.#scheduleLooks(definition.name, { unheard, role });
    }
  }

  /** Alarms that came during a run are judged when it has ended. */
  hearEnds(pipeline: AslStateMachine): void {
    new Rule(this, 'RunEnded', {
      description: 'A run ended that alarms may have waited for',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          stateMachineArn: [pipeline.stateMachineArn],
          status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'],
        },
      },
      targets: [new SqsQueue(this.#judged, { deadLetterQueue: this.#undelivered })],
    });
  }

  #asker({ stage, data, intake, registry, monitoring, deployed }: RemediationRoomProps): NodeFunction {
    const ask = new NodeFunction(this, 'AskRetrain', {
      folder: 'ask-retrain',
      description: 'Asks for the runs that labels and new code call for',
      stage,
      isRedirected: true,
      timeout: Duration.minutes(1),
      files: { [modelsFile]: JSON.stringify(deployed) },
      environment: {
        REGISTRY_TABLE: registry.table.tableName,
        RUNS_TABLE: intake.runs.tableName,
        PREDICTIONS_TABLE: monitoring.predictions.tableName,
        DATA_BUCKET: data.bucket.bucketName,
        INTAKE_QUEUE_URL: intake.queue.queueUrl,
      },
    });
    registry.table.grantItems(ask, 'GetItem', 'PutItem', 'Query', 'UpdateItem');
    intake.runs.grantItems(ask, 'GetItem');
    intake.grantRequestRun(ask);
    monitoring.grantReadLabels(ask);
    data.grantReadDatasets(ask);
    data.grantReadDefinitions(ask);
    data.bucket.grantReadBelow(ask, 'retrain/');
    return ask;
  }

  #scheduleLooks(model: string, { unheard, role }: { unheard: Queue; role: IRole }): void {
    new Schedule(this, `Ask-${model}`, {
      description: `Looks whether labels or new code ask for a run of ${model}`,
      schedule: ScheduleExpression.rate(Duration.minutes(1)),
      target: new LambdaInvoke(this.ask, {
        input: ScheduleTargetInput.fromObject({ model }),
        role,
        deadLetterQueue: unheard,
        retryAttempts: 0,
      }),
    });
  }

  #topicKey(stage: StageSettings): Key {
    const key = new Key(this, 'TopicKey', {
      description: 'Alarms on their way to remediation and to people',
      enableKeyRotation: true,
      removalPolicy: stage.removalPolicy,
    });
    // CloudWatch can only publish to an encrypted topic whose key lets it.
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
      }),
    );
    return key;
  }

  #scheduleRetrain(
    model: string,
    everyDays: number | undefined,
    { intake, unheard, role }: { intake: IntakeRoom; unheard: Queue; role: IRole },
  ): void {
    if (everyDays === undefined) return;
    new Schedule(this, `Retrain-${model}`, {
      description: `Asks for a retrain of ${model}`,
      schedule: ScheduleExpression.rate(Duration.days(everyDays)),
      target: new SqsSendMessage(intake.queue, {
        input: ScheduleTargetInput.fromObject({
          kind: 'schedule',
          model,
          reason: `every ${everyDays} days`,
          requestId: '<aws.scheduler.execution-id>',
        }),
        role,
        deadLetterQueue: unheard,
      }),
    });
  }
}

function alarmTopic(scope: Construct, id: string, displayName: string, masterKey: Key): Topic {
  const topic = new Topic(scope, id, { displayName, masterKey, enforceSSL: true });
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
    }),
  );
  return topic;
}
