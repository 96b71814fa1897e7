import { describe, expect, it } from 'vitest';
import { machinesFor, type SparkSite, sparkJob } from './spark-job.ts';

const plain = { format: 'csv', isGzip: false } as const;
const cluster = { bytesPerInstance: 100, mostInstances: 4 };
const site: SparkSite = {
  dataBucket: 'data',
  codeBucket: 'code',
  packageKey: 'p.zip',
  programKey: 'p.py',
  image: 'spark',
  rolePrefix: 'arn:aws:iam::1:role/r-',
  kmsKeyArn: 'arn:aws:kms:key',
  instanceType: 'ml.m5.4xlarge',
  ...cluster,
  volumeGib: 100,
  maxHours: 2,
  maxSourceBytes: 1000,
  hashKeyArn: 'arn:aws:kms:eu-central-1:1:key/h',
};
const jobOn = (machines: number) =>
  sparkJob(site, { runId: 'run-0123456789abcdef', model: 'fruit' }, machines);
const tablesOf = (machines: number) => jobOn(machines).AppSpecification?.ContainerArguments?.at(-1);

describe('machinesFor', () => {
  it.each([
    [1, 1],
    [100, 1],
    [101, 2],
    [5000, 4],
  ])('gives a file of %i bytes %i', (bytes, machines) => {
    expect(machinesFor(bytes, plain, cluster)).toBe(machines);
  });

  it('gives a file that cannot be cut one', () => {
    expect(machinesFor(5000, { format: 'csv', isGzip: true }, cluster)).toBe(1);
  });
});

describe('sparkJob', () => {
  it('keeps its tables on the disk of one machine', () => {
    expect(tablesOf(1)).toBe('file:///opt/ml/processing/scratch/tables');
    expect(jobOn(1)).not.toHaveProperty('NetworkConfig');
  });

  it('shares tables between several machines, each of which gets the file, and encrypts what they send', () => {
    const job = jobOn(3);
    expect(tablesOf(3)).toBe('hdfs:///evergreen/tables');
    expect(job.ProcessingResources?.ClusterConfig?.InstanceCount).toBe(3);
    expect(job.NetworkConfig).toEqual({ EnableInterContainerTrafficEncryption: true });
    const kinds = job.ProcessingInputs?.map(({ S3Input }) => S3Input?.S3DataDistributionType);
    expect(new Set(kinds)).toEqual(new Set(['FullyReplicated']));
  });
});
