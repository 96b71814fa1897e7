import { Construct } from 'constructs';
import type { DataRoom } from '../data/data.construct.ts';
import type { TrainingRoom } from '../training/training.construct.ts';
import type { StageSettings } from './stage.ts';
import { AslStateMachine } from './state-machine.ts';

export interface JobMachineProps {
  readonly stage: StageSettings;
  readonly data: DataRoom;
  readonly training: TrainingRoom;
}

/** Runs a job that examines a file or searches for hyperparameters, and waits for a machine where AWS lacks one. */
export class JobMachine extends Construct {
  readonly stateMachine: AslStateMachine;

  constructor(scope: Construct, id: string, { stage, data, training }: JobMachineProps) {
    super(scope, id);
    this.stateMachine = new AslStateMachine(this, 'Job', {
      file: 'job.asl.json',
      comment: 'A job that waits for its machine',
      functions: {},
      substitutions: { CapacityWaitSeconds: String(stage.capacityWaitSeconds) },
    });
    data.spark.grantRun(this.stateMachine);
    training.grantRunSearches(this.stateMachine);
  }
}
