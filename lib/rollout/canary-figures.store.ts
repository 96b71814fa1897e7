import {
  type CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { metricNamespace } from '../shared/embedded-metrics.ts';
import type { CloudMetricName } from '../shared/metric-names.ts';
import type { CanaryFigures } from './judge.ts';

export interface CanaryOfModel {
  model: string;
  version: number;
  /** Undefined when there is none to compare with. */
  championVersion: number | undefined;
  since: Date;
  until: Date;
  /** Alarms that watch the candidate. */
  alarmNames: string[];
}

function query(
  id: string,
  metric: CloudMetricName,
  stat: string,
  { model, version }: { model: string; version: number },
  period: number,
) {
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

/** A request takes 29 s at most, and what is live is cached for 2 s: after this every request follows a change. */
const settleMs = 35_000;
const minuteMs = 60_000;

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** What CloudWatch knows of a candidate since its canary began. */
export async function readCanaryFigures(
  client: CloudWatchClient,
  canary: CanaryOfModel,
): Promise<CanaryFigures> {
  const { model, championVersion } = canary;
  const champion = championVersion === undefined ? undefined : { model, version: championVersion };
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
          ...(champion
            ? [
                query('championRequests', 'Requests', 'Sum', champion, minute),
                query('championErrors', 'Errors', 'Sum', champion, minute),
              ]
            : []),
        ],
      }),
    ),
    canary.alarmNames.length === 0
      ? undefined
      : client.send(new DescribeAlarmsCommand({ AlarmNames: canary.alarmNames, StateValue: 'ALARM' })),
  ]);
  const resultOf = (id: string) => metrics.MetricDataResults?.find((result) => result.Id === id);
  const values = (id: string) => resultOf(id)?.Values ?? [];
  const latencies = values('latency');
  const began = canary.since.getTime();
  // The candidate's count holds all there is, the champion's only minutes in which the candidate must have had its share
  // and is done with it: a candidate that begins or answers a little later is not missing.
  const isSettled = (time: Date | undefined) =>
    time !== undefined &&
    time.getTime() >= began + settleMs &&
    time.getTime() + minuteMs <= canary.until.getTime() - settleMs;
  const settled = (id: string) =>
    values(id).filter((_, index) => isSettled(resultOf(id)?.Timestamps?.[index]));
  return {
    requests: sum(values('requests')),
    errors: sum(values('errors')),
    championRequests: sum(settled('championRequests')) + sum(settled('championErrors')),
    championAsked: sum(values('championRequests')) + sum(values('championErrors')),
    championErrors: sum(values('championErrors')),
    p99LatencyMs: latencies.length === 0 ? undefined : Math.max(...latencies),
    // An alarm from before the canary speaks of another candidate.
    alarms: (alarms?.MetricAlarms ?? []).flatMap(({ AlarmName, StateUpdatedTimestamp }) =>
      AlarmName !== undefined && (StateUpdatedTimestamp?.getTime() ?? 0) >= began ? [AlarmName] : [],
    ),
  };
}
