import { Duration } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { FilterPattern, SubscriptionFilter } from 'aws-cdk-lib/aws-logs';
import { LambdaDestination } from 'aws-cdk-lib/aws-logs-destinations';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DataRoom } from '../data/data.construct.ts';
import type { DeployedModel } from '../model/deployed-model.ts';
import { modelsFile } from '../model/deployed-models.ts';
import { allow } from '../platform/grants.ts';
import { NodeFunction } from '../platform/node-function.ts';
import { deadLetterQueue } from '../platform/queue.ts';
import { scheduleRole } from '../platform/schedule-role.ts';
import type { StageSettings } from '../platform/stage.ts';
import { DocumentTable } from '../platform/table.ts';
import type { RegistryRoom } from '../registry/registry.construct.ts';
import { capturesPaths } from './captures-paths.ts';
import { feedbackPaths } from './feedback-paths.ts';

export interface MonitoringRoomProps {
  readonly stage: StageSettings;
  readonly data: DataRoom;
  readonly registry: RegistryRoom;
  readonly predict: NodeFunction;
  readonly deployed: DeployedModel[];
  /** Some live rows are explained by the session that serves. */
  readonly onnxruntime: LayerVersion;
}

/** The store asks for it by this name. */
const labelIndex = 'byLabelTime';

/** Captures what was answered, takes labels for it, and measures both against what the model was trained on. */
export class MonitoringRoom extends Construct {
  /** What its functions answer, for the OpenAPI document. */
  static readonly apiPaths = (modelNames: readonly string[]) => ({
    ...feedbackPaths(modelNames),
    ...capturesPaths(modelNames),
  });
  readonly predictions: DocumentTable;
  readonly record: LambdaFunction;
  readonly feedback: LambdaFunction;
  readonly takeCaptures: LambdaFunction;
  readonly measure: LambdaFunction;
  /** Queues of what was put aside, by what was. */
  readonly deadLetters: Record<string, Queue>;

  constructor(scope: Construct, id: string, props: MonitoringRoomProps) {
    super(scope, id);
    const { stage, data, registry } = props;
    this.predictions = new DocumentTable(this, 'Predictions', {
      stage,
      timeToLiveAttribute: 'expiresAt',
      indexes: { [labelIndex]: { partition: 'labelsOf', sort: 'labelledAt' } },
    });
    const tables = {
      PREDICTIONS_TABLE: this.predictions.tableName,
      REGISTRY_TABLE: registry.table.tableName,
      DATA_BUCKET: data.bucket.bucketName,
    };

    this.record = new NodeFunction(this, 'RecordPredictions', {
      folder: 'record-predictions',
      description: 'Keeps captured predictions',
      stage,
      timeout: Duration.minutes(1),
      isRedirected: true,
      environment: tables,
    });
    // The log's subscription calls and does not wait: what fails three times is put aside here.
    const uncaptured = deadLetterQueue(this, 'CaptureDeadLetters');
    this.record.configureAsyncInvoke({ onFailure: new SqsDestination(uncaptured), retryAttempts: 2 });
    data.bucket.grantWriteBelow(this.record, 'captures/');
    this.predictions.grantItems(this.record, 'BatchWriteItem');
    new SubscriptionFilter(this, 'Captures', {
      logGroup: props.predict.logGroup,
      destination: new LambdaDestination(this.record),
      filterPattern: FilterPattern.stringValue('$.kind', '=', 'prediction'),
    });

    this.feedback = new NodeFunction(this, 'ServeFeedback', {
      folder: 'serve-feedback',
      description: 'Takes labels of predictions and gives receipts',
      stage,
      files: { [modelsFile]: JSON.stringify(props.deployed) },
      environment: tables,
    });
    this.predictions.grantItems(this.feedback, 'GetItem', 'BatchGetItem', 'Query', 'PutItem');
    registry.grantReadLive(this.feedback);
    data.bucket.grantReadBelow(this.feedback, 'captures/');

    this.takeCaptures = new NodeFunction(this, 'TakeCaptures', {
      folder: 'take-captures',
      description: 'Keeps what exported versions predicted without a network',
      stage,
      files: { [modelsFile]: JSON.stringify(props.deployed) },
      environment: { ...tables, MODEL_BUCKET: registry.models.bucketName },
    });
    data.bucket.grantWriteBelow(this.takeCaptures, 'captures/');
    this.predictions.grantItems(this.takeCaptures, 'GetItem', 'BatchGetItem', 'PutItem');
    registry.grantReadLive(this.takeCaptures);
    registry.grantReadPackages(this.takeCaptures);

    this.measure = new NodeFunction(this, 'MeasureDrift', {
      folder: 'measure-drift',
      description: 'Measures drift and live quality of a model',
      stage,
      isRedirected: true,
      timeout: Duration.minutes(5),
      memorySize: 1769,
      layers: [props.onnxruntime],
      environment: {
        ...tables,
        MODEL_BUCKET: registry.models.bucketName,
        SIGNING_KEY: registry.signingKey.keyArn,
        PREDICT_MEMORY_MIB: String(props.predict.memoryMib),
        PREDICT_ARCHITECTURE: stage.architecture.name,
      },
    });
    allow(this.measure, {
      actions: ['cloudwatch:GetMetricData'],
      resources: ['*'],
      because: 'Metrics can only be read for a whole account and region; the action only reads.',
    });
    data.grantReadDatasets(this.measure);
    data.bucket.grantReadBelow(this.measure, 'captures/');
    data.bucket.grantReadBelow(this.measure, 'profiles/');
    data.bucket.grantWriteBelow(this.measure, 'profiles/');
    data.bucket.grantWriteBelow(this.measure, 'monitoring/');
    registry.grantOpenPackages(this.measure);
    registry.grantReadLive(this.measure);
    // Versions of the day, whose training is counted.
    registry.table.grantItems(this.measure, 'Query');
    this.grantReadLabelled(this.measure);

    const unheard = deadLetterQueue(this, 'ScheduleDeadLetters');
    // The schedule's own queue is for calls that did not reach the function.
    this.measure.configureAsyncInvoke({ onFailure: new SqsDestination(unheard), retryAttempts: 2 });
    this.deadLetters = { schedules: unheard, captures: uncaptured };
    const role = scheduleRole(this, 'ScheduleRole', { functions: [this.measure], queues: [unheard] });
    for (const { name, monitor } of props.deployed.map(({ definition }) => definition)) {
      new Schedule(this, `Every-${name}`, {
        description: `Measures drift and live quality of ${name}`,
        schedule: ScheduleExpression.rate(Duration.minutes(monitor.everyMinutes)),
        target: new LambdaInvoke(this.measure, {
          input: ScheduleTargetInput.fromObject({ model: name }),
          role,
          deadLetterQueue: unheard,
          retryAttempts: 3,
        }),
      });
    }
  }

  /** Labels of a model since a time, and the predictions they belong to. */
  grantReadLabelled(grantee: IGrantable): void {
    this.predictions.grantItems(grantee, 'BatchGetItem');
    this.grantReadLabels(grantee);
  }

  grantReadLabels(grantee: IGrantable): void {
    this.predictions.grantQueryIndex(grantee, labelIndex);
  }
}
