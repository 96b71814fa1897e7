import { Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { DataRoom } from '../data/data.construct.ts';
import { allow } from '../platform/grants.ts';
import type { NativeLayers } from '../platform/native-layers.ts';
import { NodeFunction } from '../platform/node-function.ts';
import type { StageSettings } from '../platform/stage.ts';
import { AslStateMachine } from '../platform/state-machine.ts';
import type { DocumentTable } from '../platform/table.ts';
import type { RegistryRoom } from '../registry/registry.construct.ts';

export interface RolloutRoomProps {
  readonly stage: StageSettings;
  readonly data: DataRoom;
  readonly registry: RegistryRoom;
  readonly runs: DocumentTable;
  readonly layers: NativeLayers;
  /** What the names of all alarms begin with. */
  readonly alarmPrefix: string;
}

/** The careful way from a registered version to the champion. */
export class RolloutRoom extends Construct {
  readonly stateMachine: AslStateMachine;
  /** Reads captures and labels too, which is granted where they are made. */
  readonly judge: NodeFunction;

  constructor(
    scope: Construct,
    id: string,
    { stage, data, registry, runs, layers, alarmPrefix }: RolloutRoomProps,
  ) {
    super(scope, id);
    const registryTable = { REGISTRY_TABLE: registry.table.tableName };
    const begin = new NodeFunction(this, 'BeginRollout', {
      folder: 'begin-rollout',
      description: 'Plans the rollout of a version',
      stage,
      environment: {
        ...registryTable,
        RUNS_TABLE: runs.tableName,
        DATA_BUCKET: data.bucket.bucketName,
        ...(stage.bakeSeconds === undefined ? {} : { BAKE_SECONDS: String(stage.bakeSeconds) }),
      },
    });
    registry.grantChangeLive(begin);
    runs.grantItems(begin, 'GetItem');
    data.grantReadDefinitions(begin);

    const replay = new NodeFunction(this, 'ReplayCandidate', {
      folder: 'replay-candidate',
      description: 'Answers golden rows and captured requests with a version as serving loads it',
      stage,
      layers: [layers.onnxruntime],
      timeout: Duration.minutes(2),
      memorySize: 1769,
      environment: {
        MODEL_BUCKET: registry.models.bucketName,
        DATA_BUCKET: data.bucket.bucketName,
        SIGNING_KEY: registry.signingKey.keyArn,
      },
    });
    registry.grantOpenPackages(replay);
    data.bucket.grantReadBelow(replay, 'captures/');

    const shift = new NodeFunction(this, 'ShiftTraffic', {
      folder: 'shift-traffic',
      description: 'Moves traffic between versions',
      stage,
      environment: registryTable,
    });
    registry.grantChangeLive(shift);

    this.judge = new NodeFunction(this, 'JudgeCanary', {
      folder: 'judge-canary',
      description: 'Looks at a candidate in its canary',
      stage,
      timeout: Duration.minutes(2),
      memorySize: 1024,
      environment: { ...registryTable, ALARM_PREFIX: alarmPrefix, DATA_BUCKET: data.bucket.bucketName },
    });
    registry.grantReadLive(this.judge);
    data.bucket.grantReadBelow(this.judge, 'captures/');
    allow(this.judge, {
      actions: ['cloudwatch:GetMetricData', 'cloudwatch:DescribeAlarms'],
      resources: ['*'],
      because:
        'Metrics can only be read for a whole account and region, and alarms are listed before they are chosen by name; both actions only read.',
    });

    this.stateMachine = new AslStateMachine(this, 'Rollout', {
      file: 'rollout.asl.json',
      comment: 'Replay, canary, judge, promote or withdraw',
      functions: {
        BeginRollout: begin,
        ReplayCandidate: replay,
        ShiftTraffic: shift,
        JudgeCanary: this.judge,
      },
    });
    const bus = Stack.of(this).formatArn({
      service: 'events',
      resource: 'event-bus',
      resourceName: 'default',
    });
    allow(this.stateMachine, { actions: ['events:PutEvents'], resources: [bus] });
  }
}
