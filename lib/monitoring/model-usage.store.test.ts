import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { aDeployedModel } from '../intake/fixtures/builders.ts';
import { aVersion } from '../registry/fixtures/builders.ts';
import { objectBody } from '../shared/fixtures/invoke.ts';
import { readDayUsage } from './model-usage.store.ts';

const cloudWatch = mockClient(CloudWatchClient);
const s3 = mockClient(S3Client);
const now = new Date('2026-11-25T12:00:00.000Z');
const captured = { bytes: 10, objects: 1 };

const versions = [
  aVersion(3, { createdAt: '2026-11-25T11:00:00.000Z' }),
  aVersion(2, { createdAt: '2026-11-23T11:00:00.000Z' }),
];

const usage = () =>
  readDayUsage(
    {
      cloudWatch: new CloudWatchClient({}),
      s3: new S3Client({}),
      modelBucket: 'models',
      captures: { sizeOfDay: async () => captured },
      registry: { listVersions: async () => versions },
    },
    'iris',
    now,
  );

beforeEach(() => {
  cloudWatch.reset();
  s3.reset();
  cloudWatch.on(GetMetricDataCommand).resolves({});
  const prefix = versions[0]?.packagePrefix;
  const training = {
    schema: 'evergreen/training/v1',
    algorithm: 'a',
    hyperparameters: {},
    seed: 1,
    rows: 1,
    metrics: {},
    folds: [],
    durationSeconds: 90,
    libraries: {},
  };
  s3.on(GetObjectCommand).rejects(new NoSuchKey({ message: 'there is none', $metadata: {} }));
  s3.on(GetObjectCommand, { Bucket: 'models', Key: `${prefix}definition.json` }).callsFake(() => ({
    Body: objectBody(aDeployedModel()),
  }));
  s3.on(GetObjectCommand, { Bucket: 'models', Key: `${prefix}training.json` }).callsFake(() => ({
    Body: objectBody(training),
  }));
});

describe('readDayUsage', () => {
  it('adds up the requests of all sides, and the trainings of the day', async () => {
    cloudWatch.on(GetMetricDataCommand).callsFake(({ MetricDataQueries }) => ({
      MetricDataResults: MetricDataQueries.map(
        ({ Id, MetricStat }: { Id: string; MetricStat: { Metric: { MetricName: string } } }) => ({
          Id,
          Values: { Requests: [10, 20], Errors: [1], LatencyMs: [100] }[MetricStat.Metric.MetricName],
        }),
      ),
    }));
    const { requests, latencyMs, trainings, ...rest } = await usage();
    // Champion and four candidates.
    expect([requests, latencyMs]).toEqual([5 * 31, 500]);
    expect(trainings).toMatchObject([{ trainingSeconds: 90, instances: 1, instanceType: 'ml.m5.large' }]);
    expect(rest.captured).toEqual(captured);
    const [asked] = cloudWatch.commandCalls(GetMetricDataCommand);
    expect(asked?.args[0].input.StartTime).toEqual(new Date('2026-11-24T12:00:00.000Z'));
  });

  it('is nothing where nobody asked', async () => {
    expect(await usage()).toMatchObject({ requests: 0, latencyMs: 0 });
  });
});
