import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { DataRoom } from '../data/data.construct.ts';
import { NodeFunction } from '../platform/node-function.ts';
import type { StageSettings } from '../platform/stage.ts';
import { AslStateMachine } from '../platform/state-machine.ts';
import type { RegistryRoom } from '../registry/registry.construct.ts';
import { federatedPrefix } from './federated-jobs.ts';
import type { TrainingRoom } from './training.construct.ts';

export interface FederationProps {
  readonly stage: StageSettings;
  readonly data: DataRoom;
  readonly registry: RegistryRoom;
  readonly training: TrainingRoom;
}

/** Rounds in which parties train on their own rows and their weights are averaged. */
export class Federation extends Construct {
  readonly stateMachine: AslStateMachine;

  constructor(scope: Construct, id: string, { stage, data, registry, training }: FederationProps) {
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

    this.stateMachine = new AslStateMachine(this, 'Rounds', {
      file: 'federation.asl.json',
      comment: 'Parties train on their own rows, their weights are averaged, round by round',
      functions: { AverageUpdates: average },
    });
    training.grantRunTraining(this.stateMachine, [training.role, ...training.parties.roles]);
  }
}
