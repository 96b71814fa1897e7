import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { aDeployedModel, aRun } from '../../lib/intake/fixtures/builders.ts';
import type { RunStatus } from '../../lib/intake/run.ts';
import { aLive, aVersion } from '../../lib/registry/fixtures/builders.ts';
import { storedVersion } from '../../lib/registry/registry-writes.ts';
import { invoke, objectBody, stubFunction } from '../../lib/shared/fixtures/invoke.ts';
import { handler } from './handler.ts';

const documents = mockClient(DynamoDBDocumentClient);
const s3 = mockClient(S3Client);
const deployed = aDeployedModel();
const version = aVersion(2);
const registered = { ...version, lineage: { ...version.lineage, definitionDigest: deployed.digest } };
const event = { runId: 'iris-run-2', model: 'iris', version: 2, liveRevision: 7 };

beforeEach(() => {
  documents.reset();
  s3.reset();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  stubFunction('REGISTRY_TABLE', 'RUNS_TABLE', 'DATA_BUCKET');
  documents.on(TransactWriteCommand).resolves({});
  documents
    .on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'LIVE' } })
    .resolves({ Item: aLive({ champion: 1 }) })
    .on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'VERSION#00000002' } })
    .resolves({ Item: storedVersion.encode(registered) });
  s3.on(GetObjectCommand, {
    Bucket: 'DATA_BUCKET',
    Key: `definitions/iris/${deployed.digest}.json`,
  }).callsFake(() => ({ Body: objectBody(deployed) }));
});

describe('begin-rollout', () => {
  it('plans by the definition the version was trained with, and names what is to be replayed', async () => {
    const { packagePrefix, packageDigest, modelDigest } = registered;
    expect(await invoke(handler, event)).toEqual({
      plan: expect.objectContaining({ outcome: 'go', hasChampion: true, weights: [10], bakeSeconds: 600 }),
      policy: deployed.definition.rollout,
      champion: {
        packagePrefix: expect.stringContaining('packages/iris/'),
        packageDigest: expect.any(String),
        modelDigest: expect.any(String),
      },
      package: { model: 'iris', version: 2, packagePrefix, packageDigest, modelDigest },
    });
  });

  it('bakes as long as the stage says', async () => {
    vi.stubEnv('BAKE_SECONDS', '4');
    expect(await invoke(handler, event)).toMatchObject({ plan: { bakeSeconds: 4, lookEverySeconds: 1 } });
  });

  it('ends a rollout of a version that is not there', async () => {
    documents.on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'VERSION#00000002' } }).resolves({});
    await expect(invoke(handler, event)).rejects.toMatchObject({ name: 'Evergreen.NotFound' });
  });

  /** Another version is the candidate, put there by a run that stands like this. */
  function candidateOfRun(status: RunStatus | undefined): void {
    documents
      .on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'LIVE' } })
      .resolves({ Item: aLive({ champion: 1, candidate: 3 }) })
      .on(GetCommand, { Key: { pk: 'RUN#iris-run-3', sk: 'RUN' } })
      .resolves(status === undefined ? {} : { Item: aRun({ runId: 'iris-run-3', status }) });
  }

  it.each(['aborted', 'failed', undefined] as const)(
    'takes out a candidate whose run is %s: its judge ended before it came into traffic',
    async (status) => {
      candidateOfRun(status);
      expect(await invoke(handler, event)).toMatchObject({ plan: { outcome: 'go' } });
      const [withdrawn] = documents.commandCalls(TransactWriteCommand);
      const [live, line] = withdrawn?.args[0].input.TransactItems ?? [];
      expect(live?.Put?.Item).toMatchObject({ champion: { version: 1 }, candidate: null });
      expect(line?.Put?.Item).toMatchObject({
        action: 'candidate-withdrawn',
        version: 3,
        who: 'run:iris-run-2',
        why: 'run iris-run-3 has ended, so nothing judges it',
      });
    },
  );

  it.each(['running', 'waiting-for-approval'] as const)(
    'leaves the candidate of a run that is %s to its judge',
    async (status) => {
      candidateOfRun(status);
      await invoke(handler, event);
      expect(documents.commandCalls(TransactWriteCommand)).toHaveLength(0);
    },
  );

  it('leaves its own candidate, which a redriven run finds in traffic', async () => {
    documents
      .on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'LIVE' } })
      .resolves({ Item: aLive({ champion: 1, candidate: 2 }) });
    await invoke(handler, event);
    expect(documents.commandCalls(TransactWriteCommand)).toHaveLength(0);
  });
});
