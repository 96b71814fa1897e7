import { Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { DataRoom } from '../data/data.construct.ts';
import { EvaluationRoom } from '../evaluation/evaluation.construct.ts';
import { BatchRoom } from '../inference/batch/batch.construct.ts';
import { InferenceRoom } from '../inference/inference.construct.ts';
import { IntakeRoom } from '../intake/intake.construct.ts';
import type { ModelFolder } from '../model/model-folders.ts';
import { EraserRole } from '../monitoring/eraser-role.construct.ts';
import { alarmPrefixOf, ModelAlarms } from '../monitoring/model-alarms.construct.ts';
import { MonitoringRoom } from '../monitoring/monitoring.construct.ts';
import { RegistryRoom } from '../registry/registry.construct.ts';
import { RemediationRoom } from '../remediation/remediation.construct.ts';
import { RolloutRoom } from '../rollout/rollout.construct.ts';
import { metricNamespaceOf } from '../shared/embedded-metrics.ts';
import { TrainingRoom } from '../training/training.construct.ts';
import { TrainingMachine } from '../training/training-machine.construct.ts';
import { AccessLogBucket } from './bucket.ts';
import { HttpApi } from './http-api.ts';
import { JobMachine } from './job-machine.ts';
import { NativeLayers } from './native-layers.ts';
import { Pipeline } from './pipeline.ts';
import { PlatformAlarms } from './platform-alarms.ts';
import { awsStage, type StageSettings } from './stage.ts';

export interface EvergreenPlatformProps {
  /** The models to run; {@link loadModels} reads them from a folder. */
  readonly models: ModelFolder[];
  /** @default awsStage */
  readonly stage?: StageSettings;
}

/** The whole product in one construct, to be put in any stack. */
export class EvergreenPlatform extends Construct {
  readonly data: DataRoom;
  readonly registry: RegistryRoom;
  readonly training: TrainingRoom;
  readonly train: TrainingMachine;
  readonly job: JobMachine;
  readonly evaluation: EvaluationRoom;
  readonly rollout: RolloutRoom;
  readonly inference: InferenceRoom;
  readonly batch: BatchRoom;
  readonly intake: IntakeRoom;
  readonly monitoring: MonitoringRoom;
  readonly remediation: RemediationRoom;
  readonly eraser: EraserRole;
  readonly pipeline: Pipeline;
  readonly api: HttpApi;

  constructor(scope: Construct, id: string, { models, stage = awsStage }: EvergreenPlatformProps) {
    super(scope, id);
    const key = new Key(this, 'Key', {
      description: `Data and models of ${Stack.of(this).stackName}`,
      enableKeyRotation: true,
      removalPolicy: stage.removalPolicy,
    });
    const accessLogs = new AccessLogBucket(this, 'AccessLogs', stage);
    const layers = new NativeLayers(this, 'Layers', { architecture: stage.architecture });
    const definitions = models.map(({ definition }) => definition);

    this.data = new DataRoom(this, 'Data', {
      stage,
      key,
      accessLogs,
      duckdb: layers.duckdb,
      models: definitions,
    });
    const { data } = this;
    this.registry = new RegistryRoom(this, 'Registry', { stage, key, accessLogs });
    const { registry } = this;
    // Data is held against that of the champion.
    data.validate.addEnvironment('REGISTRY_TABLE', registry.table.tableName);
    registry.grantReadLive(data.validate);
    this.training = new TrainingRoom(this, 'Training', { stage, key, data, registry, models });
    const { deployed } = this.training;
    this.train = new TrainingMachine(this, 'Train', { stage, data, registry, training: this.training });
    this.job = new JobMachine(this, 'Job', { stage, data, training: this.training });
    this.intake = new IntakeRoom(this, 'Intake', { stage, dataBucket: data.bucket, models: deployed });
    const { intake } = this;

    this.evaluation = new EvaluationRoom(this, 'Evaluation', { stage, data, registry, layers });
    this.rollout = new RolloutRoom(this, 'Rollout', {
      stage,
      data,
      registry,
      runs: intake.runs,
      layers,
      alarmPrefix: alarmPrefixOf(stage),
    });
    this.inference = new InferenceRoom(this, 'Inference', {
      stage,
      registry,
      layers,
      models: definitions,
      furtherPaths: MonitoringRoom.apiPaths(definitions.map(({ name }) => name)),
    });
    data.grantHash(this.inference.predict);
    this.batch = new BatchRoom(this, 'Batch', { stage, data, registry, layers });
    this.monitoring = new MonitoringRoom(this, 'Monitoring', {
      stage,
      data,
      registry,
      predict: this.inference.predict,
      deployed,
      onnxruntime: layers.onnxruntime,
    });
    const { monitoring } = this;
    this.eraser = new EraserRole(this, 'Eraser', { data, registry, predictions: monitoring.predictions });
    this.rollout.judge.addEnvironment('PREDICTIONS_TABLE', monitoring.predictions.tableName);
    monitoring.grantReadLabelled(this.rollout.judge);
    this.remediation = new RemediationRoom(this, 'Remediation', {
      stage,
      data,
      intake,
      registry,
      monitoring,
      layers,
      deployed,
    });

    this.pipeline = new Pipeline(this, 'Pipeline', {
      stage,
      runs: intake.runs,
      registry,
      parts: data.parts.stateMachine,
      job: this.job.stateMachine,
      train: this.train.stateMachine,
      rollout: this.rollout.stateMachine,
      functions: {
        AssembleRetrain: this.remediation.assemble,
        ValidateData: data.validate,
        PlanTraining: this.training.plan,
        CollectTrials: this.training.collect,
        EvaluateCandidate: this.evaluation.evaluate,
        RegisterVersion: registry.register,
      },
    });
    this.remediation.hearEnds(this.pipeline.stateMachine);
    const { end } = intake.feed(this.pipeline.stateMachine);
    end.addEnvironment('REGISTRY_TABLE', registry.table.tableName);
    registry.grantChangeLive(end);

    this.api = new HttpApi(this, 'Api', {
      stage,
      predict: this.inference.predict,
      feedback: monitoring.feedback,
      captures: monitoring.takeCaptures,
    });
    const topic = this.remediation.alarms;
    for (const definition of definitions)
      new ModelAlarms(this, `Alarms-${definition.name}`, { stage, definition, topic });
    new PlatformAlarms(this, 'Alarms', {
      prefix: alarmPrefixOf(stage),
      metricNamespace: metricNamespaceOf(stage.name),
      people: this.remediation.people,
      deadLetters: { ...intake.deadLetters, ...monitoring.deadLetters, ...this.remediation.deadLetters },
      stateMachines: {
        pipeline: this.pipeline.stateMachine,
        uploads: data.parts.stateMachine,
        training: this.train.stateMachine,
        jobs: this.job.stateMachine,
        rollout: this.rollout.stateMachine,
      },
      batch: this.batch.stateMachine,
      predict: this.inference.predict,
    });
  }
}
