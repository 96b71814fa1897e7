import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { DataRoom } from '../data/data.construct.ts';
import { NodeFunction } from '../platform/node-function.ts';
import type { StageSettings } from '../platform/stage.ts';
import { AslStateMachine } from '../platform/state-machine.ts';
import type { RegistryRoom } from '../registry/registry.construct.ts';
import { federatedPrefix } from './federated-jobs.ts';
import type { TrainingRoom } from './training.construct.ts';

export interface TrainingMachineProps {
  readonly stage: StageSettings;
  readonly data: DataRoom;
  readonly registry: RegistryRoom;
  readonly training: TrainingRoom;
}

/** Trains: one job, or rounds in which parties train on their own rows and their weights are averaged. */
export class TrainingMachine extends Construct {
  readonly stateMachine: AslStateMachine;

  constructor(scope: Construct, id: string, { stage, data, registry, training }: TrainingMachineProps) {
    super(scope, id);
    const average = new NodeFunction(this, 'AverageUpdates', {
      folder: 'average-updates',
      description: 'Averages the weights that parties left in a round',
      stage,
      timeout: Duration.minutes(5),
      memorySize: 1769,
      environment: { DATA_BUCKET: data.bucket.bucketName, MODEL_BUCKET: registry.models.bucketName },
    });
    data.grantReadDefinitions(average);
    registry.models.grantReadBelow(average, federatedPrefix.updates);
    registry.models.grantWriteBelow(average, federatedPrefix.rounds);
    registry.models.grantWriteBelow(average, federatedPrefix.results);

    this.stateMachine = new AslStateMachine(this, 'Training', {
      file: 'training.asl.json',
      comment: 'A training job, or the rounds of a federation',
      functions: { AverageUpdates: average },
      substitutions: { CapacityWaitSeconds: String(stage.capacityWaitSeconds) },
    });
    training.grantRunTraining(this.stateMachine);
  }
}
