import {
  type CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { metricNamespace } from '../shared/embedded-metrics.ts';
import type { CanaryFigures } from './judge.ts';

export interface CanaryOfModel {
  model: string;
  version: number;
  since: Date;
  until: Date;
  /** Alarms that watch the candidate. */
  alarmNames: string[];
}

function query(id: string, metric: string, stat: string, { model, version }: CanaryOfModel, period: number) {
  return {
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: metricNamespace(),
        MetricName: metric,
        Dimensions: [
          { Name: 'model', Value: model },
          { Name: 'version', Value: String(version) },
        ],
      },
      Period: period,
      Stat: stat,
    },
    ReturnData: true,
  };
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** What CloudWatch knows of a candidate since its canary began. */
export async function readCanaryFigures(
  client: CloudWatchClient,
  canary: CanaryOfModel,
): Promise<CanaryFigures> {
  const minute = 60;
  const span = Math.ceil((canary.until.getTime() - canary.since.getTime()) / 1000);
  // One period over the whole span, so that the percentile is the span's; 100 days at most.
  const whole = Math.max(minute, Math.ceil(span / minute + 1) * minute);
  const [metrics, alarms] = await Promise.all([
    client.send(
      new GetMetricDataCommand({
        StartTime: new Date(Math.floor(canary.since.getTime() / (minute * 1000)) * minute * 1000),
        EndTime: new Date(canary.until.getTime() + minute * 1000),
        MetricDataQueries: [
          query('requests', 'Requests', 'Sum', canary, minute),
          query('errors', 'Errors', 'Sum', canary, minute),
          query('latency', 'LatencyMs', 'p99', canary, whole),
        ],
      }),
    ),
    canary.alarmNames.length === 0
      ? undefined
      : client.send(new DescribeAlarmsCommand({ AlarmNames: canary.alarmNames, StateValue: 'ALARM' })),
  ]);
  const values = (id: string) => metrics.MetricDataResults?.find((result) => result.Id === id)?.Values ?? [];
  const latencies = values('latency');
  const began = canary.since.getTime();
  return {
    requests: sum(values('requests')),
    errors: sum(values('errors')),
    p99LatencyMs: latencies.length === 0 ? undefined : Math.max(...latencies),
    // An alarm from before the canary speaks of another candidate.
    alarms: (alarms?.MetricAlarms ?? []).flatMap(({ AlarmName, StateUpdatedTimestamp }) =>
      AlarmName !== undefined && (StateUpdatedTimestamp?.getTime() ?? 0) >= began ? [AlarmName] : [],
    ),
  };
}
