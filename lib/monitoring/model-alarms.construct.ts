import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { candidateVariants, type Variant } from '../inference/prediction-record.ts';
import { abOf } from '../model/ab-test.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { StageSettings } from '../platform/stage.ts';
import { metricNamespaceOf } from '../shared/embedded-metrics.ts';
import type { CloudMetricName } from '../shared/metric-names.ts';

export const alarmPrefixOf = (stage: StageSettings) => `evergreen-${stage.name}`;

const runbook = 'docs/runbook.md';

export interface ModelAlarmsProps {
  readonly stage: StageSettings;
  readonly definition: ModelDefinition;
  readonly topic: ITopic;
}

interface AlarmOptions {
  metric: IMetric;
  threshold: number;
  comparison: ComparisonOperator;
  says: string;
  missing?: TreatMissingData;
  /** Whether a series that falls silent is told, too; one that never spoke, as on the first day, is not. */
  onSilence?: boolean;
  evaluationPeriods?: number;
}

/** The alarms and the dashboard of one model. Every alarm is judged by remediation and has an article in the runbook. */
export class ModelAlarms extends Construct {
  readonly alarms: Alarm[] = [];
  readonly #props: ModelAlarmsProps;

  constructor(scope: Construct, id: string, props: ModelAlarmsProps) {
    super(scope, id);
    this.#props = props;
    const { definition } = props;
    for (const variant of this.#variants()) this.#watchVariant(variant);

    this.#watchDrift();
    this.#watchQuality();
    this.#alarm('load-failures', {
      metric: this.#modelMetric('LoadFailures', 'Sum'),
      threshold: 1,
      comparison: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      says: `a version of ${definition.name} that is live could not be loaded: missing, damaged, or answering otherwise`,
    });
    this.#watchHeartbeat();
    this.#draw();
  }

  /** The sides that may take traffic; of an A/B test as many candidates as its definition lets in. */
  #variants(): Variant[] {
    const { rollout } = this.#props.definition;
    const arms = rollout.strategy === 'ab' ? abOf(rollout).arms : 1;
    return ['champion', ...candidateVariants.slice(0, arms)];
  }

  #variantMetric(metricName: CloudMetricName, statistic: string, variant: Variant): Metric {
    const { stage, definition } = this.#props;
    return new Metric({
      namespace: metricNamespaceOf(this.#props.stage.name),
      metricName,
      statistic,
      period: Duration.seconds(stage.alarmPeriodSeconds),
      dimensionsMap: { model: definition.name, variant },
      label: `${variant} ${metricName}`,
    });
  }

  #modelMetric(metricName: CloudMetricName, statistic: string): Metric {
    const { stage, definition } = this.#props;
    return new Metric({
      namespace: metricNamespaceOf(this.#props.stage.name),
      metricName,
      statistic,
      period: Duration.seconds(stage.alarmPeriodSeconds),
      dimensionsMap: { model: definition.name },
    });
  }

  #watchVariant(variant: Variant): void {
    const { definition, stage } = this.#props;
    const { errorShare, p99LatencyMs, leastRequests } = definition.rollout.limits;
    const share = new MathExpression({
      expression: `IF(FILL(requests, 0) + FILL(errors, 0) >= ${leastRequests}, 100 * FILL(errors, 0) / (FILL(requests, 0) + FILL(errors, 0)), 0)`,
      usingMetrics: {
        requests: this.#variantMetric('Requests', 'Sum', variant),
        errors: this.#variantMetric('Errors', 'Sum', variant),
      },
      period: Duration.seconds(stage.alarmPeriodSeconds),
      label: `${variant} failed requests in percent`,
    });
    this.#alarm(`${variant}-errors`, {
      metric: share,
      threshold: errorShare * 100,
      comparison: ComparisonOperator.GREATER_THAN_THRESHOLD,
      says: `more than ${errorShare * 100} % of the requests to the ${variant} of ${definition.name} failed`,
    });
    const slow = new MathExpression({
      expression: `IF(FILL(requests, 0) >= ${leastRequests}, FILL(latency, 0), 0)`,
      usingMetrics: {
        requests: this.#variantMetric('Requests', 'Sum', variant),
        latency: this.#variantMetric('LatencyMs', 'p99', variant),
      },
      period: Duration.seconds(stage.alarmPeriodSeconds),
      label: `${variant} latency p99`,
    });
    this.#alarm(`${variant}-latency`, {
      metric: slow,
      threshold: p99LatencyMs,
      comparison: ComparisonOperator.GREATER_THAN_THRESHOLD,
      says: `the 99th percentile of latency of the ${variant} of ${definition.name} is over ${p99LatencyMs} ms`,
    });
  }

  #watchDrift(): void {
    const { name, monitor } = this.#props.definition;
    const least = (symptom: string, metricName: CloudMetricName, threshold: number, says: string) =>
      this.#alarm(symptom, {
        metric: this.#modelMetric(metricName, 'Maximum'),
        threshold,
        comparison: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        says,
      });
    least('drift', 'DriftedFeatures', 1, `live rows of ${name} differ from those it was trained on`);
    least('drift-outputs', 'DriftedOutputs', 1, `answers of ${name} differ from those of its evaluation`);
    least('drift-concept', 'DriftedConcepts', 1, `the truth behind the answers of ${name} has changed`);
    least('answers', 'OddAnswers', 1, `nearly all answers of ${name} are the same`);
    const { staleAfterDays } = monitor;
    if (staleAfterDays !== undefined) {
      const says = `the champion of ${name} learned from data older than ${staleAfterDays} days`;
      least('data-age', 'DataAgeDays', staleAfterDays, says);
    }
  }

  #watchQuality(): void {
    const { name, monitor, target } = this.#props.definition;
    const { limit, metric } = monitor.quality;
    if (limit === undefined) return;
    const isError = metric === 'rmse';
    this.#alarm('quality', {
      metric: this.#modelMetric('LiveQuality', isError ? 'Maximum' : 'Minimum'),
      threshold: limit,
      comparison: isError
        ? ComparisonOperator.GREATER_THAN_THRESHOLD
        : ComparisonOperator.LESS_THAN_THRESHOLD,
      says: `${metric} of labelled live predictions of ${name} is past its limit`,
    });
    if (target.type !== 'category') return;
    this.#alarm('quality-estimated', {
      metric: this.#modelMetric('EstimatedQualityLow', 'Maximum'),
      threshold: 1,
      comparison: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      says: `the scores of ${name} say that its accuracy is below its limit`,
    });
  }

  /**
   * Silence of the monitor is not good news: it has an alarm of its own, which nothing but a person answers.
   *
   * A heartbeat is never 0, so the alarm goes from OK to INSUFFICIENT_DATA, never to ALARM. It begins in
   * INSUFFICIENT_DATA and its actions follow changes alone, so a new deployment calls nobody:
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
   */
  #watchHeartbeat(): void {
    const { definition } = this.#props;
    // Periods of an hour: a single one may last a day at most, and a daily monitor is given two.
    const hours = Math.ceil((definition.monitor.everyMinutes * 2) / 60);
    this.#alarm('staleness', {
      metric: new Metric({
        namespace: metricNamespaceOf(this.#props.stage.name),
        metricName: 'MonitorHeartbeat' satisfies CloudMetricName,
        statistic: 'Sum',
        period: Duration.hours(1),
        dimensionsMap: { model: definition.name },
      }),
      evaluationPeriods: hours,
      threshold: 1,
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      says: `the monitor of ${definition.name} was not heard for ${hours} hours`,
      missing: TreatMissingData.MISSING,
      onSilence: true,
    });
  }

  #alarm(symptom: string, options: AlarmOptions): void {
    const { stage, definition, topic } = this.#props;
    const alarm = new Alarm(this, symptom, {
      alarmName: `${alarmPrefixOf(stage)}-${definition.name}-${symptom}`,
      alarmDescription: `${options.says}. What happens and what to do: ${runbook}#${symptom.replace(/-\d-/, '-')}`,
      metric: options.metric,
      threshold: options.threshold,
      comparisonOperator: options.comparison,
      evaluationPeriods: options.evaluationPeriods ?? 1,
      treatMissingData: options.missing ?? TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    if (options.onSilence) alarm.addInsufficientDataAction(new SnsAction(topic));
    this.alarms.push(alarm);
  }

  #draw(): void {
    const { stage, definition } = this.#props;
    const variants = this.#variants();
    const of = (metric: CloudMetricName, statistic: string) =>
      variants.map((variant) => this.#variantMetric(metric, statistic, variant));
    new Dashboard(this, 'Dashboard', {
      dashboardName: `${alarmPrefixOf(stage)}-${definition.name}`,
      widgets: [
        [
          new GraphWidget({
            title: 'Requests',
            left: of('Requests', 'Sum'),
            right: of('Errors', 'Sum'),
            width: 12,
          }),
          new GraphWidget({
            title: 'Latency, ms',
            left: [...of('LatencyMs', 'p50'), ...of('LatencyMs', 'p99')],
            width: 12,
          }),
        ],
        [
          new GraphWidget({
            title: 'Drift',
            left: [this.#modelMetric('MaxPsi', 'Maximum')],
            right: (['DriftedFeatures', 'DriftedOutputs', 'DriftedConcepts', 'OddAnswers'] as const).map(
              (name) => this.#modelMetric(name, 'Maximum'),
            ),
            width: 12,
          }),
          new GraphWidget({
            title: 'Live quality, by labels and estimated',
            left: (['LiveQuality', 'EstimatedQuality'] as const).map((name) =>
              this.#modelMetric(name, 'Average'),
            ),
            width: 12,
          }),
        ],
        [
          new GraphWidget({
            title: 'Rows and labels measured',
            left: [this.#modelMetric('DriftSample', 'Maximum')],
            right: [this.#modelMetric('LiveQualitySample', 'Maximum')],
            width: 12,
          }),
          new GraphWidget({
            title: "Age of the champion's data, days",
            left: [this.#modelMetric('DataAgeDays', 'Maximum')],
            width: 12,
          }),
        ],
      ],
    });
  }
}
