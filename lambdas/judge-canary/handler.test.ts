import { CloudWatchClient, DescribeAlarmsCommand, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { BatchGetCommand, DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { rollout } from '../../lib/model/policies.ts';
import { aLive } from '../../lib/registry/fixtures/builders.ts';
import { anAbTest, joined } from '../../lib/registry/fixtures/tests.ts';
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

  it('listens to the alarms of its own place in an A/B test, and says whether others may join', async () => {
    const live = joined(anAbTest(30, 3), 3, 30, 3);
    documents.on(GetCommand).resolves({ Item: live });
    const policy = rollout.parse({ strategy: 'ab', ab: { arms: 3 } });
    expect(await invoke(handler, { ...event, version: 3, policy })).toMatchObject({
      verdict: 'go-on',
      mayJoin: true,
    });
    const [asked] = cloudWatch.commandCalls(DescribeAlarmsCommand);
    expect(asked?.args[0].input.AlarmNames).toEqual([
      'ALARM_PREFIX-iris-candidate-2-errors',
      'ALARM_PREFIX-iris-candidate-2-latency',
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

  it('judges an A/B test by the labels that came, the first ones and not the newest', async () => {
    const ids = Array.from({ length: 400 }, (_, index) => `p${index}`);
    const isOfCandidate = (id: string) => Number(id.slice(1)) % 2 === 0;
    const labels = ids.map((predictionId) => ({
      predictionId,
      row: 0,
      label: '"setosa"',
      model: 'iris',
      labelledAt: secondsAgo(5),
      corrections: 0,
      replaced: '[]',
      expiresAt: 4_000_000_000,
    }));
    documents.on(QueryCommand).resolves({ Items: labels });
    documents.on(BatchGetCommand).callsFake(({ RequestItems }) => ({
      Responses: {
        PREDICTIONS_TABLE: RequestItems.PREDICTIONS_TABLE.Keys.map(({ pk }: { pk: string }) => {
          const predictionId = pk.replace('PREDICTION#', '');
          const isRight = isOfCandidate(predictionId) ? Number(predictionId.slice(1)) % 20 !== 0 : false;
          return {
            predictionId,
            traceId: 't',
            model: 'iris',
            version: isOfCandidate(predictionId) ? 2 : 1,
            modelDigest: 'd',
            datasetId: 'ds',
            variant: isOfCandidate(predictionId) ? 'candidate' : 'champion',
            at: secondsAgo(10),
            rowCount: 1,
            content: JSON.stringify({
              rows: [{ x: 1 }],
              predictions: [{ label: isRight ? 'setosa' : 'virginica' }],
            }),
            objectKey: 'k',
            expiresAt: 4_000_000_000,
          };
        }),
      },
    }));
    const policy = rollout.parse({ strategy: 'ab', ab: { mostDays: 1, leastDays: 0 } });
    expect(await invoke(handler, { ...event, policy, bakeSeconds: 86_400 })).toMatchObject({
      verdict: 'promote',
      reason: expect.stringMatching(
        /^the candidate is better: candidate 0\.9 over 200 labelled rows of 200 draws/,
      ),
      figures: { requests: 12, comparison: { verdict: 'better', champion: { rows: 200, mean: 0 } } },
    });
    const [asked] = documents.commandCalls(QueryCommand);
    expect(asked?.args[0].input.ScanIndexForward).toBe(true);
  });

  it('finds a candidate that an alarm withdrew', async () => {
    documents.on(GetCommand).resolves({ Item: aLive({ champion: 1 }) });
    expect(await invoke(handler, event)).toMatchObject({ verdict: 'withdrawn' });
  });
});
