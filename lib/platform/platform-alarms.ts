import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { CloudMetricName } from '../shared/metric-names.ts';

export interface PlatformAlarmsProps {
  readonly prefix: string;
  readonly metricNamespace: string;
  /** Where people are called. */
  readonly people: ITopic;
  readonly deadLetters: Record<string, Queue>;
  readonly stateMachines: Record<string, StateMachine>;
  /** The machine that answers whole files. */
  readonly batch: StateMachine;
  /** The function that answers predictions. */
  readonly predict: IFunction;
}

/** Alarms that belong to no model: something was put aside or broke down, and a person has to look. */
export class PlatformAlarms extends Construct {
  readonly #props: PlatformAlarmsProps;

  constructor(scope: Construct, id: string, props: PlatformAlarmsProps) {
    super(scope, id);
    this.#props = props;
    const period = Duration.minutes(5);
    for (const [name, queue] of Object.entries(props.deadLetters)) {
      this.#alarm(
        `dlq-${name}`,
        'dead-letters',
        queue.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }),
        {
          says: `messages of ${name} could not be handled and were put aside`,
        },
      );
    }
    for (const [name, machine] of Object.entries(props.stateMachines)) {
      this.#watchExecutions(name, machine, 'run-failed', period);
    }
    this.#watchExecutions('batch', props.batch, 'batch-failed', period);
    const errors = props.predict.metricErrors({ period, statistic: 'Sum' });
    this.#alarm('predict-errors', 'predict-errors', errors, {
      says: 'the process that answers predictions crashed, or ran out of memory or time',
    });
    const throttles = props.predict.metricThrottles({ period, statistic: 'Sum' });
    this.#alarm('predict-throttles', 'predict-throttles', throttles, {
      says: 'requests for predictions were refused because no more processes may run',
    });
    this.#watchJudgements(period);
  }

  #watchExecutions(name: string, machine: StateMachine, article: string, period: Duration): void {
    this.#alarm(`${name}-failed`, article, machine.metricFailed({ period, statistic: 'Sum' }), {
      says: `an execution of the ${name} failed`,
    });
    this.#alarm(`${name}-timed-out`, article, machine.metricTimedOut({ period, statistic: 'Sum' }), {
      says: `an execution of the ${name} ran out of time`,
    });
  }

  #watchJudgements(period: Duration): void {
    const metric = new Metric({
      namespace: this.#props.metricNamespace,
      metricName: 'AlarmsForPeople' satisfies CloudMetricName,
      statistic: 'Sum',
      period,
    });
    this.#alarm('people-needed', 'people-needed', metric, {
      says: 'an alarm was judged to be one for a person; the promotion log of its model says why',
    });
  }

  #alarm(name: string, article: string, metric: IMetric, { says }: { says: string }): void {
    const { prefix, people } = this.#props;
    new Alarm(this, name, {
      alarmName: `${prefix}-${name}`,
      alarmDescription: `${says}. What happens and what to do: docs/runbook.md#${article}`,
      metric,
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(new SnsAction(people));
  }
}
