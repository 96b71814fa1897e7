import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { aDeployedModel } from '../../lib/intake/fixtures/builders.ts';
import { aLive } from '../../lib/registry/fixtures/builders.ts';
import type { Live } from '../../lib/registry/registry.ts';
import { invoke, objectBody, stubFunction } from '../../lib/shared/fixtures/invoke.ts';
import { handler } from './handler.ts';

const documents = mockClient(DynamoDBDocumentClient);
const s3 = mockClient(S3Client);
const deployed = aDeployedModel({
  train: { maxRuntimeMinutes: 5 },
  rollout: { approval: 'person', approvalTimeoutHours: 2 },
});
const event = {
  runId: 'iris-0123456789abcdef',
  model: 'iris',
  datasetId: 'ds-1',
  definitionDigest: deployed.digest,
  source: { bucket: 'data', key: 'incoming/iris/a.csv', versionId: 'v1' },
};

function world({ live, result, forced }: { live: Live; result?: number; forced?: boolean }): void {
  documents
    .on(GetCommand)
    .resolves(result === undefined ? {} : { Item: { version: result } })
    .on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'LIVE' } })
    .resolves({ Item: live });
  s3.on(HeadObjectCommand).resolves({ Metadata: forced ? { 'evergreen-force': 'true' } : {} });
  s3.on(GetObjectCommand).callsFake(() => ({ Body: objectBody(deployed) }));
}

beforeEach(() => {
  documents.reset();
  s3.reset();
  vi.restoreAllMocks();
  stubFunction(
    'DATA_BUCKET',
    'MODEL_BUCKET',
    'REGISTRY_TABLE',
    'CODE_BUCKET',
    'TRAINING_IMAGE',
    'JOB_ROLE_PREFIX',
    'KMS_KEY_ARN',
  );
});

describe('plan-training', () => {
  it('says what is to be trained, and in what time', async () => {
    world({ live: aLive({ champion: 1, revision: 7 }) });
    expect(await invoke(handler, event)).toMatchObject({
      outcome: 'train',
      codeDigest: deployed.code.digest,
      trainingJob: {
        TrainingJobName: 'evergreen-0123456789abcdef',
        RoleArn: expect.stringMatching(/^JOB_ROLE_PREFIX[0-9a-f]{16}$/),
      },
      tuningJob: null,
      tuneFirst: false,
      federation: null,
      jobTimeoutSeconds: 2100,
      approval: 'person',
      approvalTimeoutSeconds: 7200,
    });
    const [read] = s3.commandCalls(GetObjectCommand);
    expect(read?.args[0].input.Key).toBe(`definitions/iris/${deployed.digest}.json`);
  });

  it('goes on from the champion when the definition says so', async () => {
    const continued = aDeployedModel({ train: { algorithm: 'gradient-descent', warmStart: true } });
    world({ live: aLive({ champion: 1 }) });
    s3.on(GetObjectCommand).callsFake(() => ({ Body: objectBody(continued) }));
    const plan = await invoke(handler, event);
    expect(plan).toMatchObject({ trainingJob: { Environment: { EVERGREEN_CHAMPION_VERSION: '1' } } });
  });

  it.each([
    ['takes in what callers said', 'feedback', '1'],
    ['trains anew by its schedule', 'schedule', undefined],
  ])('of a hybrid %s', async (_, trigger, championVersion) => {
    const hybrid = aDeployedModel({
      train: { algorithm: 'gradient-descent' },
      retrain: { update: 'hybrid', everyLabels: 10 },
    });
    world({ live: aLive({ champion: 1 }) });
    s3.on(GetObjectCommand).callsFake(() => ({ Body: objectBody(hybrid) }));
    const source = { ...event.source, key: 'retrain/iris/run.jsonl' };
    const plan = await invoke(handler, { ...event, source, trigger });
    const environment = 'trainingJob' in plan ? plan.trainingJob.Environment : undefined;
    expect(environment?.EVERGREEN_CHAMPION_VERSION).toBe(championVersion);
  });

  it('lets parties train, whatever the reference rows led to before: theirs may be others', async () => {
    const federated = aDeployedModel({
      features: { petal_length: { type: 'number', min: 0, max: 8 } },
      train: { algorithm: 'gradient-descent', federated: { parties: ['north', 'south'] } },
    });
    world({ live: aLive({ champion: 1 }), result: 3 });
    s3.on(GetObjectCommand).callsFake(() => ({ Body: objectBody(federated) }));
    const plan = await invoke(handler, event);
    expect(plan).toMatchObject({
      outcome: 'train',
      federation: {
        parties: [
          { name: 'north', job: { RoleArn: expect.stringMatching(/^JOB_ROLE_PREFIX[0-9a-f]{16}$/) } },
          { name: 'south', job: { Environment: { EVERGREEN_PARTY: 'south' } } },
        ],
        packageJob: { RoleArn: expect.stringMatching(/^JOB_ROLE_PREFIX[0-9a-f]{16}$/) },
      },
    });
  });

  it('trains nothing that was trained before (F7)', async () => {
    world({ live: aLive({ champion: 1 }), result: 3 });
    expect(await invoke(handler, event)).toEqual({
      outcome: 'reuse',
      version: 3,
      reason: expect.stringMatching(
        /led to version 3; nothing was trained\. Version 1 is served: .*models promote iris 3/,
      ),
      rollOut: false,
      approval: 'person',
      approvalTimeoutSeconds: 7200,
    });
  });

  it('serves what was trained before if nothing is served, and still asks the person', async () => {
    world({ live: aLive(), result: 3 });
    expect(await invoke(handler, event)).toMatchObject({
      outcome: 'reuse',
      rollOut: true,
      approval: 'person',
      approvalTimeoutSeconds: 7200,
    });
  });
});
