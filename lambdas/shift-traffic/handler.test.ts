import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { aLive, at, aVersion } from '../../lib/registry/fixtures/builders.ts';
import type { Live } from '../../lib/registry/registry.ts';
import { storedVersion } from '../../lib/registry/registry-writes.ts';
import { invoke, stubFunction } from '../../lib/shared/fixtures/invoke.ts';
import { handler } from './handler.ts';

const documents = mockClient(DynamoDBDocumentClient);
const base = { runId: 'iris-run-2', model: 'iris', version: 2, why: 'a test' };

function liveIs(live: Live): void {
  documents.on(GetCommand).resolves({ Item: live });
}

const written = () =>
  documents
    .commandCalls(TransactWriteCommand)
    .map((call) => (call.args[0].input.TransactItems ?? []).map((item) => item.Put?.Item));

beforeEach(() => {
  documents.reset();
  vi.restoreAllMocks();
  stubFunction('REGISTRY_TABLE');
  const versions = [aVersion(1), aVersion(2)].map((version) => storedVersion.encode(version));
  documents.on(BatchGetCommand).resolves({ Responses: { REGISTRY_TABLE: versions } });
  documents.on(TransactWriteCommand).resolves({});
});

describe('shift-traffic', () => {
  it('starts a canary with its share and logs the run that did', async () => {
    liveIs(aLive({ champion: 1 }));
    const answer = await invoke(handler, { ...base, change: 'start-canary', weight: 20, liveRevision: 7 });
    expect(answer).toMatchObject({ revision: 8, champion: 1 });
    const [[live, line] = []] = written();
    expect(live).toMatchObject({
      candidate: { version: 2, weight: 20, runId: 'iris-run-2', since: answer.at },
    });
    expect(line).toMatchObject({ action: 'canary-started', who: 'run:iris-run-2', why: 'a test' });
  });

  it('does it once, and does not move the beginning of the canary', async () => {
    liveIs(aLive({ champion: 1, candidate: 2 }));
    expect(await invoke(handler, { ...base, change: 'start-canary', weight: 20 })).toEqual({
      revision: 7,
      at,
      champion: 1,
      mayJoin: false,
    });
    expect(written()).toEqual([]);
  });

  it('lets a version join an A/B test, and says whether another may', async () => {
    const join = (arms: number) =>
      invoke(handler, { ...base, change: 'start-canary', weight: 30, stickyBy: 'caller', arms });
    liveIs({
      ...aLive({ champion: 1, candidate: 3 }),
      test: { id: 'iris-run-3', arms: 2, joined: 1 },
    });
    await expect(join(1)).rejects.toMatchObject({ name: 'Evergreen.Conflict' });
    expect(await join(2)).toMatchObject({ champion: 1, mayJoin: false });
    expect(written()[0]?.[0]).toMatchObject({
      candidate: { version: 3 },
      arms: [{ version: 2, weight: 30, arm: 2 }],
    });
    liveIs(aLive({ champion: 1 }));
    expect(await join(3)).toMatchObject({ mayJoin: true });
  });

  it('starts no canary after a rollback that came during the run (F33)', async () => {
    liveIs({ ...aLive({ champion: 1, revision: 9 }), rolledBackAtRevision: 9 });
    const late = { ...base, change: 'start-canary', weight: 20, liveRevision: 7 };
    await expect(invoke(handler, late)).rejects.toMatchObject({ name: 'Evergreen.Conflict' });
  });

  it('promotes the candidate with the figures of the judge', async () => {
    liveIs(aLive({ champion: 1, candidate: 2 }));
    const figures = { requests: 200, errors: 0, pValue: 1e-200 };
    expect(await invoke(handler, { ...base, change: 'promote-candidate', figures })).toMatchObject({
      champion: 2,
    });
    expect(written()[0]?.[1]).toMatchObject({ action: 'promoted', details: JSON.stringify(figures) });
  });

  it.each([
    ['promote-candidate', aLive({ champion: 1 })],
    ['promote-first', aLive({ champion: 1 })],
    ['start-canary', aLive({ champion: 1, candidate: 3 })],
  ])('refuses %s as a conflict when things are otherwise by now', async (change, live) => {
    liveIs(live);
    await expect(invoke(handler, { ...base, change })).rejects.toMatchObject({ name: 'Evergreen.Conflict' });
    expect(written()).toEqual([]);
  });

  it('makes the first version champion, and withdraws a candidate', async () => {
    liveIs({ ...aLive({ revision: 0 }) });
    expect(await invoke(handler, { ...base, change: 'promote-first' })).toMatchObject({ champion: 2 });
    liveIs(aLive({ champion: 1, candidate: 2 }));
    await invoke(handler, { ...base, change: 'withdraw-candidate' });
    expect(written()[1]?.[0]).toMatchObject({ candidate: null, champion: { version: 1 } });
  });

  it('knows no other change', async () => {
    await expect(invoke(handler, { ...base, change: 'roll-back' })).rejects.toMatchObject({
      name: 'Evergreen.InvalidInput',
    });
  });
});
