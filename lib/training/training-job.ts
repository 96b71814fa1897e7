import type {
  CreateHyperParameterTuningJobRequest,
  CreateTrainingJobRequest,
} from '@aws-sdk/client-sagemaker';
import { datasetKey } from '../data/dataset.ts';
import { type DeployedModel, definitionKey } from '../model/deployed-model.ts';
import type { TrainingDefinition } from '../model/training.ts';
import type { TuningDefinition } from '../model/tuning.ts';
import { sha256 } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { Continuation } from './continuation.ts';
import { limitsOfNext, nothingSpent } from './tuning-budget.ts';

/** Where a deployment trains, and as whom. */
export interface TrainingSite {
  dataBucket: string;
  modelBucket: string;
  codeBucket: string;
  /** The container of SageMaker's script mode. */
  image: string;
  /** What the ARNs of the jobs' roles begin with; each model and each party has one. */
  rolePrefix: string;
  kmsKeyArn: string;
  region: string;
}

export interface TrainingOrder {
  runId: string;
  datasetId: string;
  deployed: DeployedModel;
  /** The version to go on from; trials of a search start anew. @default - none */
  champion?: Continuation;
}

/** Figures every built-in trainer prints, one a line. */
export const trainerMetrics = ['train_score', 'validation_score'];

const figure = '([-+0-9.eEnaif]+)';
const metric = (name: string) => ({ Name: name, Regex: `^${name}=${figure}$` });

/** What gradient descent prints after each epoch. */
const epochMetrics = [
  { Name: 'train_loss', Regex: `^epoch=\\d+ train_loss=${figure}` },
  { Name: 'validation_loss', Regex: `^epoch=\\d+ train_loss=\\S+ validation_loss=${figure}$` },
];

/** What is read from the log: those, and what a model's own program prints to be tuned by. */
function metricsOf({ algorithm, tune }: TrainingDefinition) {
  const byEpoch = algorithm === 'gradient-descent' ? epochMetrics : [];
  const names = new Set([...trainerMetrics, ...(tune ? [tune.objective.metric] : [])]);
  for (const { Name } of byEpoch) names.delete(Name);
  return [...[...names].map(metric), ...byEpoch];
}

/**
 * Names are unique within an account and region for ever, and those of tuning jobs end at 32 characters:
 * a run's hash serves both, the state machine adds the attempt.
 */
export function jobNameStem(runId: string): string {
  return `evergreen-${runId.slice(-16)}`;
}

/** Where jobs of a model leave what they made. */
export function jobsPrefix(model: string): string {
  return `jobs/${model}/`;
}

/** The end of the name of the role that a model's jobs run as. */
export function modelRoleSuffix(model: string): string {
  return sha256(model).slice(0, 16);
}

export function channel(name: string, bucket: string, key: string) {
  return {
    ChannelName: name,
    DataSource: {
      S3DataSource: {
        S3DataType: 'S3Prefix' as const,
        S3Uri: `s3://${bucket}/${key}`,
        S3DataDistributionType: 'FullyReplicated' as const,
      },
    },
  };
}

function channels({ dataBucket }: TrainingSite, { deployed, datasetId }: TrainingOrder) {
  const model = deployed.definition.name;
  return [
    channel('train', dataBucket, datasetKey(model, datasetId, 'train.parquet')),
    channel('golden', dataBucket, datasetKey(model, datasetId, 'golden.json')),
    channel('definition', dataBucket, definitionKey(model, deployed.digest)),
  ];
}

/** The champion's package, and the rows it learned from when only others are to be learned. */
function championChannels(
  { dataBucket, modelBucket }: TrainingSite,
  { deployed }: TrainingOrder,
  { packagePrefix, knownDatasetId }: Continuation,
) {
  const files = channel('champion', modelBucket, packagePrefix);
  if (knownDatasetId === undefined) return [files];
  const key = datasetKey(deployed.definition.name, knownDatasetId, 'train.parquet');
  return [files, channel('known', dataBucket, key)];
}

/** Script mode wants each value as JSON text. */
function scriptMode(site: TrainingSite, { deployed }: TrainingOrder): Record<string, string> {
  return {
    sagemaker_program: JSON.stringify(deployed.code.program),
    sagemaker_submit_directory: JSON.stringify(`s3://${site.codeBucket}/${deployed.code.key}`),
    sagemaker_region: JSON.stringify(site.region),
    sagemaker_container_log_level: '20',
  };
}

function tags({ deployed, runId }: TrainingOrder) {
  return [
    { Key: 'evergreen:model', Value: deployed.definition.name },
    { Key: 'evergreen:run', Value: runId },
  ];
}

function jobCore(site: TrainingSite, order: TrainingOrder) {
  const { train } = order.deployed.definition;
  return {
    AlgorithmSpecification: {
      TrainingImage: site.image,
      TrainingInputMode: 'File' as const,
      MetricDefinitions: metricsOf(train),
    },
    RoleArn: `${site.rolePrefix}${modelRoleSuffix(order.deployed.definition.name)}`,
    InputDataConfig: channels(site, order),
    OutputDataConfig: {
      S3OutputPath: `s3://${site.modelBucket}/${jobsPrefix(order.deployed.definition.name).slice(0, -1)}`,
      KmsKeyId: site.kmsKeyArn,
    },
    ResourceConfig: {
      InstanceType: train.instanceType as 'ml.m5.large',
      InstanceCount: train.instanceCount,
      VolumeSizeInGB: train.volumeSizeGb,
    },
    StoppingCondition: { MaxRuntimeInSeconds: train.maxRuntimeMinutes * 60 },
    EnableNetworkIsolation: false,
    EnableInterContainerTrafficEncryption: true,
  };
}

/** The request of one training job; the state machine completes `TrainingJobName` with the attempt. */
export function trainingJob(site: TrainingSite, order: TrainingOrder): CreateTrainingJobRequest {
  const { hyperparameters } = order.deployed.definition.train;
  const core = jobCore(site, order);
  const { champion } = order;
  return {
    TrainingJobName: jobNameStem(order.runId),
    ...core,
    ...(champion && {
      InputDataConfig: [...core.InputDataConfig, ...championChannels(site, order, champion)],
      Environment: {
        EVERGREEN_CHAMPION_VERSION: String(champion.version),
        EVERGREEN_CHAMPION_DIGEST: champion.packageDigest,
      },
    }),
    HyperParameters: {
      ...Object.fromEntries(
        Object.entries(hyperparameters).map(([name, value]) => [name, JSON.stringify(value)]),
      ),
      ...scriptMode(site, order),
    },
    Tags: tags(order),
  };
}

const strategies = { grid: 'Grid', random: 'Random', bayesian: 'Bayesian' } as const;
const scales = { linear: 'Linear', log: 'Logarithmic' } as const;

function parameterRanges({ parameters }: TuningDefinition) {
  const entries = Object.entries(parameters);
  const numeric = (type: 'continuous' | 'integer') =>
    entries.flatMap(([Name, range]) =>
      range.type !== 'categorical' && range.type === type
        ? [
            {
              Name,
              MinValue: String(range.min),
              MaxValue: String(range.max),
              ScalingType: scales[range.scale],
            },
          ]
        : [],
    );
  return {
    ContinuousParameterRanges: numeric('continuous'),
    IntegerParameterRanges: numeric('integer'),
    CategoricalParameterRanges: entries.flatMap(([Name, range]) =>
      range.type === 'categorical'
        ? [{ Name, Values: range.values.map((value) => JSON.stringify(value)) }]
        : [],
    ),
  };
}

/** The request of a run's first tuning job, when the definition has one. */
export function tuningJob(
  site: TrainingSite,
  order: TrainingOrder,
): CreateHyperParameterTuningJobRequest | undefined {
  const { train } = order.deployed.definition;
  const { tune, hyperparameters, seed } = train;
  if (!tune) return undefined;
  const first = limitsOfNext(train, tune, nothingSpent);
  // A definition whose budget pays for no search at all is refused before it is deployed.
  if ('reason' in first) throw new EvergreenError('definition-invalid', `train.tune.budget: ${first.reason}`);
  const fixed = Object.entries(hyperparameters).filter(([name]) => !(name in tune.parameters));
  return {
    HyperParameterTuningJobName: jobNameStem(order.runId),
    HyperParameterTuningJobConfig: {
      Strategy: strategies[tune.strategy],
      HyperParameterTuningJobObjective: {
        Type: tune.objective.goal === 'maximize' ? 'Maximize' : 'Minimize',
        MetricName: tune.objective.metric,
      },
      ResourceLimits: first.limits,
      ParameterRanges: parameterRanges(tune),
      TrainingJobEarlyStoppingType: tune.earlyStopping ? 'Auto' : 'Off',
      RandomSeed: seed,
    },
    TrainingJobDefinition: {
      ...jobCore(site, order),
      StaticHyperParameters: {
        ...Object.fromEntries(fixed.map(([name, value]) => [name, JSON.stringify(value)])),
        ...scriptMode(site, order),
      },
    },
    Tags: tags(order),
  };
}
