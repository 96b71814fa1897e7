import { CloudWatchClient, DescribeAlarmsCommand, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { rollout } from '../../lib/model/policies.ts';
import { aLive } from '../../lib/registry/fixtures/builders.ts';
import { invoke, stubFunction, textBody } from '../../lib/shared/fixtures/invoke.ts';

const documents = mockClient(DynamoDBDocumentClient);
const cloudWatch = mockClient(CloudWatchClient);
const s3 = mockClient(S3Client);
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
  s3.reset();
  s3.on(ListObjectsV2Command).resolves({ Contents: [] });
  documents.on(QueryCommand).resolves({ Items: [] });
  vi.restoreAllMocks();
  stubFunction('REGISTRY_TABLE', 'ALARM_PREFIX', 'PREDICTIONS_TABLE', 'DATA_BUCKET');
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

  it('takes out a candidate that answers a constant with status 200', async () => {
    const key = 'captures/iris/x.jsonl';
    const lines = Array.from({ length: 200 }, (_, index) => {
      const version = index % 2 === 0 ? 2 : 1;
      return JSON.stringify({
        kind: 'prediction',
        predictionId: `p${index}`,
        traceId: 't',
        model: 'iris',
        version: String(version),
        modelDigest: 'd',
        datasetId: 'ds',
        variant: version === 2 ? 'candidate' : 'champion',
        at: secondsAgo(5),
        latencyMs: 3 + (index % 7),
        rows: [{}],
        predictions: [{ label: version === 2 ? 'setosa' : ['setosa', 'versicolor', 'virginica'][index % 3] }],
      });
    });
    s3.on(ListObjectsV2Command).resolvesOnce({ Contents: [{ Key: key }] });
    s3.on(GetObjectCommand).resolves({ Body: textBody(lines.join('\n')) as never });
    expect(await invoke(handler, event)).toMatchObject({
      verdict: 'roll-back',
      reason: expect.stringMatching(/^all 100 rows were answered by setosa, which the champion does not/),
      checks: expect.arrayContaining([expect.objectContaining({ name: 'outputs', candidateSample: 100 })]),
    });
  });

  it('finds a candidate that an alarm withdrew', async () => {
    documents.on(GetCommand).resolves({ Item: aLive({ champion: 1 }) });
    expect(await invoke(handler, event)).toMatchObject({ verdict: 'withdrawn' });
  });
});
