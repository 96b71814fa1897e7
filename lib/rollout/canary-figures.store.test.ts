import { CloudWatchClient, DescribeAlarmsCommand, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { readCanaryFigures } from './canary-figures.store.ts';

const cloudWatch = mockClient(CloudWatchClient);
const client = new CloudWatchClient({ region: 'eu-central-1' });
const canary = {
  model: 'iris',
  version: 2,
  since: new Date('2026-11-23T10:00:30.000Z'),
  until: new Date('2026-11-23T10:03:30.000Z'),
  alarmNames: ['iris-candidate-errors', 'iris-candidate-latency'],
};

beforeEach(() => {
  cloudWatch.reset();
  cloudWatch.on(GetMetricDataCommand).resolves({ MetricDataResults: [] });
  cloudWatch.on(DescribeAlarmsCommand).resolves({ MetricAlarms: [] });
});

describe('readCanaryFigures', () => {
  it('adds up the minutes since the canary began', async () => {
    cloudWatch.on(GetMetricDataCommand).resolves({
      MetricDataResults: [
        { Id: 'requests', Values: [10, 20, 5] },
        { Id: 'errors', Values: [1, 2] },
        { Id: 'latency', Values: [80, 120] },
      ],
    });
    expect(await readCanaryFigures(client, canary)).toEqual({
      requests: 35,
      errors: 3,
      p99LatencyMs: 120,
      alarms: [],
    });
  });

  it('knows no latency while nothing was answered', async () => {
    expect(await readCanaryFigures(client, canary)).toEqual({
      requests: 0,
      errors: 0,
      p99LatencyMs: undefined,
      alarms: [],
    });
  });

  it('asks for whole minutes that hold the canary, of this version alone', async () => {
    await readCanaryFigures(client, canary);
    const [call] = cloudWatch.commandCalls(GetMetricDataCommand);
    const input = call?.args[0].input;
    expect(input?.StartTime).toEqual(new Date('2026-11-23T10:00:00.000Z'));
    expect(input?.EndTime?.getTime()).toBeGreaterThan(canary.until.getTime());
    for (const query of input?.MetricDataQueries ?? []) {
      expect(query.MetricStat?.Period).toBeGreaterThanOrEqual(60);
      expect((query.MetricStat?.Period ?? 1) % 60).toBe(0);
      expect(query.MetricStat?.Metric?.Dimensions).toEqual([
        { Name: 'model', Value: 'iris' },
        { Name: 'version', Value: '2' },
      ]);
    }
  });

  it('hears alarms of this canary, not of the one before', async () => {
    cloudWatch.on(DescribeAlarmsCommand).resolves({
      MetricAlarms: [
        { AlarmName: 'iris-candidate-errors', StateUpdatedTimestamp: new Date('2026-11-23T10:02:00.000Z') },
        { AlarmName: 'iris-candidate-latency', StateUpdatedTimestamp: new Date('2026-11-23T09:00:00.000Z') },
      ],
    });
    expect((await readCanaryFigures(client, canary)).alarms).toEqual(['iris-candidate-errors']);
    const [call] = cloudWatch.commandCalls(DescribeAlarmsCommand);
    expect(call?.args[0].input).toEqual({ AlarmNames: canary.alarmNames, StateValue: 'ALARM' });
  });

  it('does not ask for all alarms of the account when it has none to ask for', async () => {
    await readCanaryFigures(client, { ...canary, alarmNames: [] });
    expect(cloudWatch.commandCalls(DescribeAlarmsCommand)).toHaveLength(0);
  });
});
