import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ModelFolder } from '../model/model-folders.ts';
import { alarmPrefixOf } from '../monitoring/model-alarms.construct.ts';
import { EvergreenPlatform } from './evergreen-platform.ts';
import type { StageSettings } from './stage.ts';

export interface EvergreenStackProps extends StackProps {
  readonly models: ModelFolder[];
  readonly stageSettings: StageSettings;
}

export const stackNameOf = (stage: string) => `Evergreen-${stage}`;

/** One deployment of the product; its outputs are how the command finds everything. */
export class EvergreenStack extends Stack {
  readonly platform: EvergreenPlatform;

  constructor(scope: Construct, id: string, { models, stageSettings: stage, ...props }: EvergreenStackProps) {
    super(scope, id, {
      stackName: stackNameOf(stage.name),
      description: 'Keeps models in production right',
      ...props,
    });
    this.platform = new EvergreenPlatform(this, 'Evergreen', { models, stage });
    Tags.of(this).add('evergreen:stage', stage.name);

    const { api, data, registry, intake, monitoring, remediation, pipeline, train, rollout, batch } =
      this.platform;
    const outputs: Record<string, string> = {
      ApiUrl: api.api.url,
      ApiId: api.api.restApiId,
      ApiStage: api.api.deploymentStage.stageName,
      ApiKeyId: api.key.keyId,
      DataBucket: data.bucket.bucketName,
      EraserRoleArn: this.platform.eraser.roleArn,
      SubjectKeyArn: data.subjectKey.keyArn,
      HashKeyArn: data.hashKey.keyArn,
      ModelBucket: registry.models.bucketName,
      SigningKeyArn: registry.signingKey.keyArn,
      RegistryTable: registry.table.tableName,
      RegisterVersionFunction: registry.register.functionName,
      RunsTable: intake.runs.tableName,
      PredictionsTable: monitoring.predictions.tableName,
      PipelineArn: pipeline.stateMachine.stateMachineArn,
      TrainingArn: train.stateMachine.stateMachineArn,
      RolloutArn: rollout.stateMachine.stateMachineArn,
      BatchArn: batch.stateMachine.stateMachineArn,
      IntakeQueueUrl: intake.queue.queueUrl,
      MeasureDriftFunction: monitoring.measure.functionName,
      PeopleTopicArn: remediation.people.topicArn,
      Models: models.map(({ definition }) => definition.name).join(','),
      DashboardPrefix: alarmPrefixOf(stage),
    };
    const parties = models.flatMap(({ definition: { name, train } }) =>
      (train.federated?.parties ?? []).map((party) => `${name}/${party}`),
    );
    if (parties.length > 0) outputs.Parties = parties.join(',');
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
