import { CloudWatchClient, DescribeAlarmsCommand, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { readCanaryFigures } from './canary-figures.store.ts';

const cloudWatch = mockClient(CloudWatchClient);
const client = new CloudWatchClient({ region: 'eu-central-1' });
const canary = {
  model: 'iris',
  version: 2,
  championVersion: 1,
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
      championRequests: 0,
      championAsked: 0,
      championErrors: 0,
      alarms: [],
    });
  });

  it('knows no latency while nothing was answered', async () => {
    expect(await readCanaryFigures(client, canary)).toEqual({
      requests: 0,
      errors: 0,
      p99LatencyMs: undefined,
      championRequests: 0,
      championAsked: 0,
      championErrors: 0,
      alarms: [],
    });
  });

  it('counts for the champion the minutes in which every request followed the canary, and has ended', async () => {
    const minutes = [0, 1, 2, 3].map((minute) => new Date(Date.UTC(2026, 10, 23, 10, minute)));
    cloudWatch.on(GetMetricDataCommand).resolves({
      MetricDataResults: [
        { Id: 'requests', Timestamps: minutes, Values: [1, 2, 4, 8] },
        { Id: 'championRequests', Timestamps: minutes, Values: [1000, 100, 10, 1] },
        { Id: 'championErrors', Timestamps: minutes, Values: [3000, 300, 30, 3] },
      ],
    });
    // Of the minutes since 10:00:30 until 10:03:40 it is 10:02 alone: in 10:01 a request of the time before may end.
    const figures = await readCanaryFigures(client, {
      ...canary,
      until: new Date('2026-11-23T10:03:40.000Z'),
    });
    expect(figures).toMatchObject({ requests: 15, championRequests: 40 });
    // For shares every minute counts that the canary touched.
    expect(figures).toMatchObject({ championAsked: 4444, championErrors: 3333 });
    const settled = {
      since: new Date('2026-11-23T10:00:20.000Z'),
      until: new Date('2026-11-23T10:04:40.000Z'),
    };
    expect(await readCanaryFigures(client, { ...canary, ...settled })).toMatchObject({
      championRequests: 444,
    });
  });

  it('asks for no champion where there is none', async () => {
    await readCanaryFigures(client, { ...canary, championVersion: undefined });
    const [call] = cloudWatch.commandCalls(GetMetricDataCommand);
    expect(call?.args[0].input.MetricDataQueries?.map(({ Id }) => Id)).toEqual([
      'requests',
      'errors',
      'latency',
    ]);
  });

  it('asks for whole minutes that hold the canary, of each version alone', async () => {
    await readCanaryFigures(client, canary);
    const [call] = cloudWatch.commandCalls(GetMetricDataCommand);
    const input = call?.args[0].input;
    expect(input?.StartTime).toEqual(new Date('2026-11-23T10:00:00.000Z'));
    expect(input?.EndTime?.getTime()).toBeGreaterThan(canary.until.getTime());
    expect(input?.MetricDataQueries).toHaveLength(5);
    for (const query of input?.MetricDataQueries ?? []) {
      expect(query.MetricStat?.Period).toBeGreaterThanOrEqual(60);
      expect((query.MetricStat?.Period ?? 1) % 60).toBe(0);
      expect(query.MetricStat?.Metric?.Dimensions).toEqual([
        { Name: 'model', Value: 'iris' },
        { Name: 'version', Value: query.Id?.startsWith('champion') ? '1' : '2' },
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
