import { DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { aLive, at, aVersion } from './fixtures/builders.ts';
import { RegistryStore } from './registry.store.ts';
import { storedVersion } from './registry-writes.ts';

const documents = mockClient(DynamoDBDocumentClient);
const pauses: number[] = [];
const store = new RegistryStore(
  DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-central-1' })),
  'registry',
  async (ms) => pauses.push(ms),
);
const by = { who: 'ada', why: 'a test', at: '2026-11-23T12:00:00.000Z' };

const anItem = (version: number) => storedVersion.encode(aVersion(version));

function cancelled(...codes: string[]): TransactionCanceledException {
  return new TransactionCanceledException({
    message: 'cancelled',
    $metadata: {},
    CancellationReasons: codes.map((Code) => ({ Code })),
  });
}

function liveIs(live: ReturnType<typeof aLive>): void {
  documents.on(GetCommand, { Key: { pk: 'MODEL#iris', sk: 'LIVE' } }).resolves({ Item: live });
}

beforeEach(() => {
  documents.reset();
  pauses.length = 0;
  documents.on(GetCommand).resolves({});
  documents.on(TransactWriteCommand).resolves({});
});

describe('RegistryStore.change', () => {
  it('reads on when a part of the versions was throttled', async () => {
    liveIs(aLive({ champion: 3, previous: 2, earlier: [1] }));
    documents
      .on(BatchGetCommand)
      .resolvesOnce({
        Responses: { registry: [anItem(2)] },
        UnprocessedKeys: { registry: { Keys: [{ pk: 'MODEL#iris', sk: 'VERSION#00000001' }] } },
      })
      .resolves({ Responses: { registry: [anItem(1)] } });
    const live = await store.change('iris', { kind: 'roll-back' }, by);
    expect(live.champion?.version).toBe(2);
    expect(live.previous?.version).toBe(1);
  });

  it('reads versions as they stand, not as they stood', async () => {
    liveIs(aLive({ champion: 1 }));
    documents.on(BatchGetCommand).resolves({ Responses: { registry: [anItem(2)] } });
    await store.change('iris', { kind: 'promote', version: 2 }, by);
    const [call] = documents.commandCalls(BatchGetCommand);
    expect(call?.args[0].input.RequestItems?.registry).toMatchObject({ ConsistentRead: true });
  });

  it('says that versions could not be read, not that they do not exist', async () => {
    liveIs(aLive({ champion: 1 }));
    documents.on(BatchGetCommand).resolves({
      Responses: { registry: [] },
      UnprocessedKeys: { registry: { Keys: [{ pk: 'MODEL#iris', sk: 'VERSION#00000002' }] } },
    });
    await expect(store.change('iris', { kind: 'promote', version: 2 }, by)).rejects.toMatchObject({
      code: 'service-unavailable',
    });
    expect(documents.commandCalls(TransactWriteCommand)).toHaveLength(0);
  });

  it('tries again, a bounded number of times, when the table is busy', async () => {
    liveIs(aLive({ champion: 1, candidate: 2 }));
    documents.on(TransactWriteCommand).rejectsOnce(cancelled('TransactionConflict', 'None')).resolves({});
    const change = { kind: 'withdraw-candidate', version: 2 } as const;
    expect((await store.change('iris', change, by)).candidate).toBeNull();
    expect(pauses).toHaveLength(1);

    documents.on(TransactWriteCommand).rejects(cancelled('ThrottlingError', 'None'));
    await expect(store.change('iris', change, by)).rejects.toMatchObject({ code: 'service-unavailable' });
    expect(documents.commandCalls(TransactWriteCommand).length).toBeLessThan(20);
  });

  it('says that others change the model when it never gets its turn', async () => {
    liveIs(aLive({ champion: 1, candidate: 2 }));
    documents.on(TransactWriteCommand).rejects(cancelled('ConditionalCheckFailed', 'None'));
    await expect(store.change('iris', { kind: 'withdraw-candidate', version: 2 }, by)).rejects.toMatchObject({
      code: 'revision-conflict',
    });
  });

  it('does not try again what can never be written', async () => {
    liveIs(aLive({ champion: 1, candidate: 2 }));
    documents.on(TransactWriteCommand).rejects(cancelled('ValidationError', 'None'));
    await expect(store.change('iris', { kind: 'withdraw-candidate', version: 2 }, by)).rejects.toBeInstanceOf(
      TransactionCanceledException,
    );
    expect(documents.commandCalls(TransactWriteCommand)).toHaveLength(1);
  });

  it('keeps the log in the order of revisions when a clock is behind', async () => {
    liveIs(aLive({ champion: 1, candidate: 2 }));
    const slow = { ...by, at: '2026-11-23T09:00:00.000Z' };
    const live = await store.change('iris', { kind: 'withdraw-candidate', version: 2 }, slow);
    expect(live.updatedAt).toBe(at);
    const [call] = documents.commandCalls(TransactWriteCommand);
    expect(call?.args[0].input.TransactItems?.[1]?.Put?.Item).toMatchObject({ at, revision: 8 });
  });
});

describe('RegistryStore.register', () => {
  const { version: _, ...registration } = aVersion(1);

  it('gives way to others a bounded number of times and leaves nothing half done', async () => {
    documents.on(UpdateCommand).resolves({ Attributes: { lastVersion: 5 } });
    documents.on(TransactWriteCommand).rejectsOnce(cancelled('TransactionConflict')).resolves({});
    expect((await store.register(registration)).version).toBe(5);
    expect(documents.commandCalls(UpdateCommand)).toHaveLength(1);

    documents.on(TransactWriteCommand).rejects(cancelled('TransactionConflict'));
    await expect(store.register(registration)).rejects.toMatchObject({ code: 'service-unavailable' });
  });
});

describe('RegistryStore.readLog', () => {
  it('takes times written in whole seconds or in another zone', async () => {
    documents.on(QueryCommand).resolves({ Items: [] });
    await store.readLog('iris', { from: '2026-11-23T10:00:00Z', to: '2026-11-23T12:00:00+01:00' });
    const [call] = documents.commandCalls(QueryCommand);
    expect(call?.args[0].input.ExpressionAttributeValues).toMatchObject({
      ':from': 'LOG#2026-11-23T10:00:00.000Z',
      ':to': 'LOG#2026-11-23T11:00:00.000Z~',
    });
  });
});
