import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readArrival, runIdOf } from '../intake/arrival.ts';
import { anOrder, site, tuningOrders } from './fixtures/builders.ts';
import { jobNameStem, trainingJob, tuningJob } from './training-job.ts';

function tuning(name: string) {
  const order = tuningOrders[name];
  const job = order && tuningJob(site, order);
  if (!job) throw new Error(`no tuning job ${name}`);
  return job;
}

const ranges = (name: string) => tuning(name).HyperParameterTuningJobConfig?.ParameterRanges;

describe('jobNameStem', () => {
  it('leaves room for redrive and retry in the 32 characters of a tuning job', () => {
    const kinds = fc.constantFrom('retrain', 'schedule');
    fc.assert(
      fc.property(kinds, fc.string({ maxLength: 60 }), fc.string(), (kind, model, requestId) => {
        const message = JSON.stringify({ kind, model, reason: '', requestId: `${requestId}!` });
        const stem = jobNameStem(runIdOf(readArrival(message), null));
        expect(`${stem}-r9a4`.length).toBeLessThanOrEqual(32);
        expect(stem).toMatch(/^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/);
      }),
    );
  });

  it('differs for different runs of one model', () => {
    expect(jobNameStem('iris-0123456789abcdef')).not.toBe(jobNameStem('iris-0123456789abcdee'));
  });
});

describe('trainingJob', () => {
  const job = trainingJob(site, anOrder({ hyperparameters: { C: 1, penalty: 'l2', balanced: true } }));

  it('hands each hyperparameter over as JSON text', () => {
    expect(job.HyperParameters).toMatchObject({ C: '1', penalty: '"l2"', balanced: 'true' });
    for (const value of Object.values(job.HyperParameters ?? {})) {
      expect(typeof value).toBe('string');
      expect(() => JSON.parse(value)).not.toThrow();
    }
  });

  it('tells script mode which program to run and where its code lies', () => {
    expect(job.HyperParameters).toMatchObject({
      sagemaker_program: '"train.py"',
      sagemaker_submit_directory: '"s3://evergreen-assets/assets/code.tar.gz"',
      sagemaker_region: '"eu-central-1"',
    });
  });

  it('reads the train rows, the golden rows and the definition, and never the test rows', () => {
    const uris = (job.InputDataConfig ?? []).map(({ ChannelName, DataSource }) => [
      ChannelName,
      DataSource?.S3DataSource?.S3Uri,
    ]);
    const order = anOrder({ hyperparameters: { C: 1, penalty: 'l2', balanced: true } });
    expect(uris).toEqual([
      ['train', 's3://evergreen-data/datasets/iris/ds-0123456789abcdef/train.parquet'],
      ['golden', 's3://evergreen-data/datasets/iris/ds-0123456789abcdef/golden.json'],
      ['definition', `s3://evergreen-data/definitions/iris/${order.deployed.digest}.json`],
    ]);
  });

  it('gives the champion to go on from, and what it knows when only the rest is to be learned', () => {
    const champion = { version: 4, packagePrefix: 'packages/iris/abc/', packageDigest: 'abc' };
    const order = anOrder({ algorithm: 'gradient-descent', warmStart: true });
    const channelsOf = (more: object) =>
      Object.fromEntries(
        (trainingJob(site, { ...order, champion: { ...champion, ...more } }).InputDataConfig ?? []).map(
          ({ ChannelName, DataSource }) => [ChannelName, DataSource?.S3DataSource?.S3Uri],
        ),
      );
    expect(channelsOf({})).toMatchObject({ champion: 's3://evergreen-models/packages/iris/abc/' });
    expect(channelsOf({})).not.toHaveProperty('known');
    expect(channelsOf({ knownDatasetId: 'ds-3' })).toMatchObject({
      known: 's3://evergreen-data/datasets/iris/ds-3/train.parquet',
    });
    expect(trainingJob(site, { ...order, champion }).Environment).toEqual({
      EVERGREEN_CHAMPION_VERSION: '4',
      EVERGREEN_CHAMPION_DIGEST: 'abc',
    });
    expect(trainingJob(site, order)).not.toHaveProperty('Environment');
  });

  it('reads the losses of each epoch of gradient descent', () => {
    const descent = trainingJob(site, anOrder({ algorithm: 'gradient-descent', instanceCount: 2 }));
    expect(descent.ResourceConfig?.InstanceCount).toBe(2);
    const read = (line: string) =>
      (descent.AlgorithmSpecification?.MetricDefinitions ?? []).flatMap(({ Name, Regex = '' }) => {
        const match = new RegExp(Regex).exec(line);
        return match ? [[Name, match[1]]] : [];
      });
    expect(read('epoch=12 train_loss=0.41 validation_loss=0.43')).toEqual([
      ['train_loss', '0.41'],
      ['validation_loss', '0.43'],
    ]);
    expect(read('epoch=3 train_loss=27891.6')).toEqual([['train_loss', '27891.6']]);
  });

  it('encrypts what it writes, ends in time and says whose it is', () => {
    const limited = trainingJob(site, anOrder({ maxRuntimeMinutes: 7, volumeSizeGb: 33 }));
    expect(limited).toMatchObject({
      OutputDataConfig: { S3OutputPath: 's3://evergreen-models/jobs/iris', KmsKeyId: site.kmsKeyArn },
      StoppingCondition: { MaxRuntimeInSeconds: 420 },
      ResourceConfig: { VolumeSizeInGB: 33, InstanceCount: 1 },
      EnableInterContainerTrafficEncryption: true,
      Tags: [
        { Key: 'evergreen:model', Value: 'iris' },
        { Key: 'evergreen:run', Value: 'iris-0123456789abcdef' },
      ],
    });
  });

  it.each([
    'train_score=0.93',
    'train_score=1e-05',
    'train_score=-0.5',
    'train_score=nan',
    'train_score=-inf',
  ])('finds the figure in the line %s', (line) => {
    const found = (job.AlgorithmSpecification?.MetricDefinitions ?? []).flatMap(({ Name, Regex = '' }) => {
      const match = new RegExp(Regex).exec(line);
      return match ? [[Name, match[1]]] : [];
    });
    expect(found).toEqual([['train_score', line.split('=')[1]]]);
  });
});

describe('tuningJob', () => {
  it('is none when the definition does not tune', () => {
    expect(tuningJob(site, anOrder())).toBeUndefined();
  });

  it('writes every bound and choice as text', () => {
    expect(ranges('bayesian')).toEqual({
      ContinuousParameterRanges: [
        { Name: 'learning_rate', MinValue: '1e-7', MaxValue: '1', ScalingType: 'Logarithmic' },
      ],
      IntegerParameterRanges: [{ Name: 'max_depth', MinValue: '2', MaxValue: '8', ScalingType: 'Linear' }],
      CategoricalParameterRanges: [{ Name: 'loss', Values: ['"log"', '"exponential"'] }],
    });
    expect(ranges('grid')?.CategoricalParameterRanges).toEqual([
      { Name: 'C', Values: ['0.1', '1', '10'] },
      { Name: 'penalty', Values: ['"l1"', '"l2"'] },
      { Name: 'balanced', Values: ['true', 'false'] },
    ]);
  });

  it('fixes what it does not search', () => {
    const fixed = tuning('bayesian').TrainingJobDefinition?.StaticHyperParameters ?? {};
    expect(fixed).toMatchObject({ early_stopping: 'true', sagemaker_program: '"train.py"' });
    expect(fixed).not.toHaveProperty('learning_rate');
    expect(fixed).not.toHaveProperty('loss');
    for (const value of Object.values(fixed)) expect(typeof value).toBe('string');
  });

  it('gives a number of trials, except to a grid, which is as large as it is', () => {
    expect(tuning('bayesian').HyperParameterTuningJobConfig?.ResourceLimits).toEqual({
      MaxNumberOfTrainingJobs: 6,
      MaxParallelTrainingJobs: 2,
    });
    expect(tuning('grid').HyperParameterTuningJobConfig?.ResourceLimits).toEqual({
      MaxParallelTrainingJobs: 3,
    });
  });

  it('asks for early stopping and the limits of the budget when the definition does', () => {
    const { TrainingJobEarlyStoppingType, ResourceLimits } =
      tuning('budgeted').HyperParameterTuningJobConfig ?? {};
    expect(TrainingJobEarlyStoppingType).toBe('Auto');
    // 1 at 0.50 an hour for two machines is an hour; the minutes end earlier.
    expect(ResourceLimits).toEqual({
      MaxNumberOfTrainingJobs: 6,
      MaxParallelTrainingJobs: 2,
      MaxRuntimeInSeconds: 1800,
    });
    expect(tuning('bayesian').HyperParameterTuningJobConfig?.TrainingJobEarlyStoppingType).toBe('Off');
  });

  it('runs no more trials side by side than there are', () => {
    expect(tuning('random').HyperParameterTuningJobConfig?.ResourceLimits).toEqual({
      MaxNumberOfTrainingJobs: 1,
      MaxParallelTrainingJobs: 1,
    });
  });

  it.each(Object.keys(tuningOrders))('looks for the figure that the %s search is to improve', (name) => {
    const { HyperParameterTuningJobConfig, TrainingJobDefinition } = tuning(name);
    const objective = HyperParameterTuningJobConfig?.HyperParameterTuningJobObjective;
    const metrics = TrainingJobDefinition?.AlgorithmSpecification?.MetricDefinitions ?? [];
    expect(metrics.filter(({ Name }) => Name === objective?.MetricName)).toHaveLength(1);
    expect(objective?.Type).toBe(name === 'random' ? 'Minimize' : 'Maximize');
  });
});
