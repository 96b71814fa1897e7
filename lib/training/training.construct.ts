import { copyFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Aws, Duration, Stack } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { Construct } from 'constructs';
import type { DataRoom } from '../data/data.construct.ts';
import { type DeployedModel, deployModel } from '../model/deployed-model.ts';
import type { ModelFolder } from '../model/model-folders.ts';
import { allow } from '../platform/grants.ts';
import { NodeFunction } from '../platform/node-function.ts';
import { packageRoot } from '../platform/package-root.ts';
import { grantRunJobs, jobNames, jobsOf } from '../platform/sagemaker-jobs.ts';
import type { StageSettings } from '../platform/stage.ts';
import { stagedFolder } from '../platform/staged-folder.ts';
import type { RegistryRoom } from '../registry/registry.construct.ts';
import { requireCapableTrainer } from './continuation.ts';
import { JobRoles } from './job-roles.construct.ts';
import { packTrainingSource } from './source-archive.ts';

const trainingFolder = join(packageRoot, 'training');

/** SageMaker's script-mode container for CPUs with Python 3.12; requirements.txt brings the rest. */
const containerTag = 'pytorch-training:2.6.0-cpu-py312-ubuntu22.04-sagemaker';
/** Account of AWS's deep learning containers in regions without a fact of their own. */
const containerAccount = '763104351884';

export interface TrainingRoomProps {
  readonly stage: StageSettings;
  readonly key: IKey;
  readonly data: DataRoom;
  readonly registry: RegistryRoom;
  readonly models: ModelFolder[];
}

/** What is trained, where and as whom. */
export class TrainingRoom extends Construct {
  readonly roles: JobRoles;
  readonly deployed: DeployedModel[];
  readonly plan: LambdaFunction;
  readonly collect: LambdaFunction;

  constructor(scope: Construct, id: string, props: TrainingRoomProps) {
    super(scope, id);
    const { stage, key, data, registry, models } = props;
    this.roles = new JobRoles(this, 'Roles', { key, data, registry });
    this.deployed = models.map((model) => this.#deploy(model));
    this.plan = new NodeFunction(this, 'PlanTraining', {
      folder: 'plan-training',
      description: 'Decides what is to be trained, or that it was before',
      stage,
      timeout: Duration.seconds(30),
      environment: {
        DATA_BUCKET: data.bucket.bucketName,
        MODEL_BUCKET: registry.models.bucketName,
        REGISTRY_TABLE: registry.table.tableName,
        CODE_BUCKET: this.#codeBucket,
        TRAINING_IMAGE: stage.trainingImage ?? this.#containerImage(),
        JOB_ROLE_PREFIX: this.roles.arnPrefix,
        KMS_KEY_ARN: key.keyArn,
      },
    });
    data.grantReadDefinitions(this.plan);
    data.grantReadSources(this.plan);
    registry.grantReadLive(this.plan);
    this.collect = this.#collectTrials(props);
  }

  #collectTrials({ stage, data, registry }: TrainingRoomProps): LambdaFunction {
    const collect = new NodeFunction(this, 'CollectTrials', {
      folder: 'collect-trials',
      description: 'Gathers what the searches of a run tried and found',
      stage,
      timeout: Duration.minutes(2),
      memorySize: 1024,
      environment: { DATA_BUCKET: data.bucket.bucketName, MODEL_BUCKET: registry.models.bucketName },
    });
    data.grantReadDefinitions(collect);
    registry.models.grantWriteBelow(collect, 'tuning/');
    allow(collect, {
      actions: [
        'sagemaker:DescribeHyperParameterTuningJob',
        'sagemaker:ListTrainingJobsForHyperParameterTuningJob',
      ],
      resources: [jobsOf(this, 'hyper-parameter-tuning-job')],
      because: jobNames,
    });
    return collect;
  }

  #codeBucket = '';

  #deploy({ definition, ...own }: ModelFolder): DeployedModel {
    requireCapableTrainer(definition, own.trainScript !== undefined);
    const archive = packTrainingSource(trainingFolder, own);
    const kept = stagedFolder(`source-${archive.digest.slice(0, 24)}`, (folder) =>
      copyFileSync(archive.file, join(folder, basename(archive.file))),
    );
    rmSync(dirname(archive.file), { recursive: true });
    const path = join(kept, basename(archive.file));
    const asset = new Asset(this, `Source-${definition.name}`, { path });
    this.roles.add(definition, asset);
    this.#codeBucket = asset.s3BucketName;
    return deployModel(definition, {
      key: asset.s3ObjectKey,
      digest: archive.digest,
      program: archive.program,
    });
  }

  #containerImage(): string {
    const { region } = Stack.of(this);
    const account = RegionInfo.get(region).dlcRepositoryAccount ?? containerAccount;
    return `${account}.dkr.ecr.${region}.${Aws.URL_SUFFIX}/${containerTag}`;
  }

  /** Lets a state machine run training jobs of this product, as their model's role or a party's, and wait for them. */
  grantRunTraining(grantee: IGrantable): void {
    grantRunJobs(grantee, this, {
      kind: 'TrainingJob',
      resource: 'training-job',
      roles: [...this.roles.ofModels, ...this.roles.ofParties],
      rule: 'StepFunctionsGetEventsForSageMakerTrainingJobsRule',
    });
  }

  /** Lets a state machine search; trials run as their model's role. */
  grantRunSearches(grantee: IGrantable): void {
    grantRunJobs(grantee, this, {
      kind: 'HyperParameterTuningJob',
      resource: 'hyper-parameter-tuning-job',
      roles: this.roles.ofModels,
      rule: 'StepFunctionsGetEventsForSageMakerTuningJobsRule',
    });
  }
}
