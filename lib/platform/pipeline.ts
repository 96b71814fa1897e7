import { Stack } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { RegistryRoom } from '../registry/registry.construct.ts';
import { allow } from './grants.ts';
import { NodeFunction } from './node-function.ts';
import type { StageSettings } from './stage.ts';
import { AslStateMachine } from './state-machine.ts';
import type { DocumentTable } from './table.ts';

export interface PipelineProps {
  readonly stage: StageSettings;
  readonly runs: DocumentTable;
  readonly parts: AslStateMachine;
  readonly registry: RegistryRoom;
  readonly job: AslStateMachine;
  readonly train: AslStateMachine;
  readonly rollout: AslStateMachine;
  /** The steps of the rooms, by the name that the definition calls them. */
  readonly functions: Record<string, IFunction>;
}

/** The state machine that ties the rooms together. */
export class Pipeline extends Construct {
  readonly stateMachine: AslStateMachine;

  constructor(scope: Construct, id: string, props: PipelineProps) {
    super(scope, id);
    const { stage, runs, parts, job, train, registry, rollout, functions } = props;
    const awaitApproval = new NodeFunction(this, 'AwaitApproval', {
      folder: 'await-approval',
      description: 'Lets a run wait for a person',
      stage,
      environment: { RUNS_TABLE: runs.tableName },
    });
    runs.grantItems(awaitApproval, 'PutItem', 'UpdateItem');
    this.stateMachine = new AslStateMachine(this, 'Pipeline', {
      file: 'pipeline.asl.json',
      comment: 'From an arrival to a served version',
      functions: { ...functions, AwaitApproval: awaitApproval },
      substitutions: {
        RegistryTable: registry.table.tableName,
        RolloutArn: rollout.stateMachineArn,
        JobArn: job.stateMachineArn,
        TrainingArn: train.stateMachineArn,
        PartsArn: parts.stateMachineArn,
      },
    });
    registry.grantReadLive(this.stateMachine);
    for (const inner of [parts, job, train, rollout]) {
      inner.grantStartExecution(this.stateMachine);
      inner.grantExecutions(this.stateMachine, 'states:DescribeExecution', 'states:StopExecution');
    }
    // Step Functions learns of the inner execution's end by a rule of this fixed name.
    allow(this.stateMachine, {
      actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
      resources: [
        Stack.of(this).formatArn({
          service: 'events',
          resource: 'rule',
          resourceName: 'StepFunctionsGetEventsForStepFunctionsExecutionRule',
        }),
      ],
    });
  }
}
