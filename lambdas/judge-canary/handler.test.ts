import { CloudWatchClient, DescribeAlarmsCommand, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { rollout } from '../../lib/model/policies.ts';
import { aLive } from '../../lib/registry/fixtures/builders.ts';
import { invoke, stubFunction } from '../../lib/shared/fixtures/invoke.ts';

const documents = mockClient(DynamoDBDocumentClient);
const cloudWatch = mockClient(CloudWatchClient);
stubFunction('REGISTRY_TABLE');
const { handler } = await import('./handler.ts');

const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const event = {
  model: 'iris',
  version: 2,
  policy: rollout.parse({}),
  bakeSeconds: 60,
  since: secondsAgo(30),
};

beforeEach(() => {
  documents.reset();
  cloudWatch.reset();
  vi.restoreAllMocks();
  stubFunction('REGISTRY_TABLE', 'ALARM_PREFIX');
  documents.on(GetCommand).resolves({ Item: aLive({ champion: 1, candidate: 2 }) });
  cloudWatch.on(GetMetricDataCommand).resolves({ MetricDataResults: [{ Id: 'requests', Values: [12] }] });
  cloudWatch.on(DescribeAlarmsCommand).resolves({ MetricAlarms: [] });
});

describe('judge-canary', () => {
  it('lets a canary bake, then be promoted', async () => {
    expect(await invoke(handler, event)).toMatchObject({ verdict: 'go-on' });
    expect(await invoke(handler, { ...event, since: secondsAgo(61) })).toMatchObject({
      verdict: 'promote',
      figures: { requests: 12, errors: 0 },
    });
  });

  it("listens to the candidate's own alarms", async () => {
    const alarm = { AlarmName: 'ALARM_PREFIX-iris-candidate-latency', StateUpdatedTimestamp: new Date() };
    cloudWatch.on(DescribeAlarmsCommand).resolves({ MetricAlarms: [alarm] });
    expect(await invoke(handler, event)).toMatchObject({
      verdict: 'roll-back',
      reason: 'in alarm: ALARM_PREFIX-iris-candidate-latency',
    });
    const [asked] = cloudWatch.commandCalls(DescribeAlarmsCommand);
    expect(asked?.args[0].input.AlarmNames).toEqual([
      'ALARM_PREFIX-iris-candidate-errors',
      'ALARM_PREFIX-iris-candidate-latency',
    ]);
  });

  it('holds the candidate against the champion of the same time', async () => {
    const Timestamps = [new Date(Date.now() - 120_000)];
    cloudWatch.on(GetMetricDataCommand).resolves({
      MetricDataResults: [{ Id: 'championRequests', Timestamps, Values: [500] }],
    });
    expect(await invoke(handler, { ...event, since: secondsAgo(300), bakeSeconds: 600 })).toMatchObject({
      verdict: 'roll-back',
      reason: expect.stringContaining('0 of 500 requests where about 100 were expected'),
    });
    const [asked] = cloudWatch.commandCalls(GetMetricDataCommand);
    const champion = asked?.args[0].input.MetricDataQueries?.find(({ Id }) => Id === 'championRequests');
    expect(champion?.MetricStat?.Metric?.Dimensions).toContainEqual({ Name: 'version', Value: '1' });
  });

  it('finds a candidate that an alarm withdrew', async () => {
    documents.on(GetCommand).resolves({ Item: aLive({ champion: 1 }) });
    expect(await invoke(handler, event)).toMatchObject({ verdict: 'withdrawn' });
  });
});
