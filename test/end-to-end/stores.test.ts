import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aRun } from '../../lib/intake/fixtures/builders.ts';
import { describeRunRecords } from '../../lib/intake/fixtures/run-records-suite.ts';
import { RunStore } from '../../lib/intake/runs.store.ts';
import { aVersion } from '../../lib/registry/fixtures/builders.ts';
import { type Registration, RegistryStore } from '../../lib/registry/registry.store.ts';
import type { LogEntry, ModelVersion } from '../../lib/registry/registry.ts';
import { sha256 } from '../../lib/shared/digest.ts';
import { uuidV7 } from '../../lib/shared/ids.ts';
import { BareEngine } from './bare-engine.ts';

let engine: BareEngine;

const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
const keys = (partition: string, sort: string) => [
  { AttributeName: partition, KeyType: 'HASH' as const },
  { AttributeName: sort, KeyType: 'RANGE' as const },
];

beforeAll(async () => {
  engine = await BareEngine.start();
  const client = new DynamoDBClient(engine.client);
  const table = { BillingMode: 'PAY_PER_REQUEST', KeySchema: keys('pk', 'sk') } as const;
  await client.send(
    new CreateTableCommand({
      ...table,
      TableName: 'registry',
      AttributeDefinitions: [text('pk'), text('sk')],
    }),
  );
  await client.send(
    new CreateTableCommand({
      ...table,
      TableName: 'runs',
      AttributeDefinitions: ['pk', 'sk', 'kind', 'createdAt'].map(text),
      GlobalSecondaryIndexes: [
        { IndexName: 'byTime', KeySchema: keys('kind', 'createdAt'), Projection: { ProjectionType: 'ALL' } },
      ],
    }),
  );
});

afterAll(() => engine?.stop());

let model = '';
beforeEach(() => {
  model = `iris-${uuidV7()}`;
});

const registry = () => new RegistryStore(engine.documents(), 'registry');

/** What a run asks for, each under a run id of its own. */
function aRegistration(run: string, over: Partial<Registration> = {}): Registration {
  const { version: _, ...body } = aVersion(1);
  return { ...body, model, lineage: { ...body.lineage, runId: `${model}-${run}` }, ...over };
}

async function registered(count: number): Promise<ModelVersion[]> {
  const versions: ModelVersion[] = [];
  for (let run = 1; run <= count; run += 1) versions.push(await registry().register(aRegistration(`${run}`)));
  return versions;
}

let seconds = 0;
const by = (why = 'a test') => {
  seconds += 1;
  return { who: 'ada', why, at: new Date(Date.UTC(2026, 10, 23, 12, 0, seconds)).toISOString() };
};

const promote = (version: number) => registry().change(model, { kind: 'promote', version }, by());

describe('the registry: versions', () => {
  it('gives 50 registrations at once 50 numbers and loses none (F16)', async () => {
    const store = registry();
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, run) => store.register(aRegistration(`parallel-${run}`))),
    );
    expect(new Set(made.map(({ version }) => version)).size).toBe(50);
    const listed = await store.listVersions(model);
    expect(listed).toHaveLength(50);
    expect(new Set(listed.map(({ lineage }) => lineage.runId)).size).toBe(50);
    expect(listed.map(({ version }) => version)).toEqual(
      made.map(({ version }) => version).sort((a, b) => b - a),
    );
    expect((await store.readLog(model)).filter(({ action }) => action === 'registered')).toHaveLength(50);
  });

  it('gives the same run its version again, and refuses it other content (F17)', async () => {
    const first = await registry().register(aRegistration('1'));
    const again = await registry().register({ ...aRegistration('1'), createdAt: by().at });
    expect(again).toEqual(first);
    await expect(
      registry().register({ ...aRegistration('1'), packageDigest: sha256('other') }),
    ).rejects.toMatchObject({ code: 'request-conflict', kind: 'conflict' });
    expect(await registry().listVersions(model)).toHaveLength(1);
  });

  it('registers one run once even when it asks ten times at once', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, () => registry().register(aRegistration('1'))));
    expect(new Set(made.map(({ version }) => version)).size).toBe(1);
    expect(await registry().listVersions(model)).toHaveLength(1);
  });

  it('knows which version a dataset and a definition led to last', async () => {
    const { datasetId, definitionDigest } = aRegistration('1').lineage;
    expect(await registry().findResult(model, datasetId, definitionDigest)).toBeUndefined();
    const [, second] = await registered(2);
    expect(await registry().findResult(model, datasetId, definitionDigest)).toBe(second?.version);
    expect(await registry().findResult(model, datasetId, sha256('another'))).toBeUndefined();
  });

  it('reads one version, the newest few, and says which one is unknown', async () => {
    const versions = await registered(3);
    expect(await registry().readVersion(model, 2)).toEqual(versions[1]);
    expect((await registry().listVersions(model, 2)).map(({ version }) => version)).toEqual([3, 2]);
    await expect(registry().readVersion(model, 9)).rejects.toMatchObject({ code: 'version-unknown' });
  });
});

describe('the registry: what is live', () => {
  it('was never live before its first promotion', async () => {
    expect(await registry().readLive(model)).toMatchObject({ champion: null, candidate: null, revision: 0 });
  });

  it('goes through a canary, a promotion and a rollback', async () => {
    await registered(2);
    await promote(1);
    const canary = { kind: 'start-canary', version: 2, weight: 20, runId: 'r' } as const;
    const started = await registry().change(model, canary, by());
    expect(started.candidate).toMatchObject({ version: 2, weight: 20 });
    expect(await registry().change(model, canary, by())).toEqual(started);
    const asCandidate = { kind: 'promote', version: 2, asCandidate: true } as const;
    await registry().change(model, asCandidate, by());
    const back = await registry().change(model, { kind: 'roll-back' }, by('it answers nonsense'));
    expect(back).toMatchObject({ champion: { version: 1 }, candidate: null, previous: null, revision: 4 });
    expect(await registry().readLive(model)).toEqual(back);
    await expect(registry().change(model, asCandidate, by())).rejects.toMatchObject({
      code: 'revision-conflict',
    });
  });

  it('promotes a version the moment it is registered', async () => {
    for (let run = 0; run < 5; run += 1) {
      const { version } = await registry().register(aRegistration(`${run}`));
      expect((await promote(version)).champion?.version).toBe(version);
    }
  });

  it('makes every one of many changes at once, in some order', async () => {
    await registered(6);
    await promote(1);
    const changed = await Promise.all([2, 3, 4, 5, 6].map(promote));
    const live = await registry().readLive(model);
    expect(live.revision).toBe(6);
    expect(new Set(changed.map(({ revision }) => revision)).size).toBe(5);
    const champions = [live.champion?.version, live.previous?.version, ...live.earlier];
    expect([...champions].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('lets one of two through who saw the same revision', async () => {
    await registered(3);
    await promote(1);
    const { revision } = await registry().readLive(model);
    const results = await Promise.allSettled(
      [2, 3].map((version) =>
        registry().change(model, { kind: 'promote', version, expectedRevision: revision }, by()),
      ),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'revision-conflict' },
    });
    expect((await registry().readLive(model)).revision).toBe(revision + 1);
  });
});

describe('the registry: its log', () => {
  const facts = ({ action, version, championBefore, championAfter, revision }: LogEntry) => [
    revision,
    action,
    version,
    championBefore,
    championAfter,
  ];

  it('has one line for each change, newest first, with who and why', async () => {
    await registered(2);
    await promote(1);
    await promote(1);
    await promote(2);
    await registry().change(model, { kind: 'roll-back' }, by('it answers nonsense'));
    const log = await registry().readLog(model);
    expect(log.filter(({ action }) => action !== 'registered').map(facts)).toEqual([
      [3, 'rolled-back', 1, 2, 1],
      [2, 'promoted', 2, 1, 2],
      [1, 'promoted', 1, null, 1],
    ]);
    expect(log[0]).toMatchObject({ who: 'ada', why: 'it answers nonsense' });
    expect(await registry().readLog(model, { limit: 1 })).toEqual([log[0]]);
  });

  it('tells who was live at a time, to the second and in any zone', async () => {
    await registered(2);
    const first = await promote(1);
    const second = await promote(2);
    const championAt = async (to: string) => (await registry().readLog(model, { to }))[0]?.championAfter;
    expect(await championAt(first.updatedAt)).toBe(1);
    expect(await championAt(second.updatedAt.replace('.000Z', 'Z'))).toBe(2);
    const inBerlin = new Date(Date.parse(first.updatedAt) + 3_600_000).toISOString().replace('Z', '+01:00');
    expect(await championAt(inBerlin)).toBe(1);
    const from = second.updatedAt.replace('.000Z', 'Z');
    expect((await registry().readLog(model, { from })).map(facts)).toEqual([[2, 'promoted', 2, 1, 2]]);
  });

  it('stays in the order of changes when one of the clocks is an hour behind (F41)', async () => {
    await registered(2);
    await promote(1);
    const slow = { ...by(), at: '2026-11-23T11:00:00.000Z' };
    await registry().change(model, { kind: 'promote', version: 2 }, slow);
    const changes = (await registry().readLog(model)).filter(({ action }) => action === 'promoted');
    expect(changes.map(({ revision }) => revision)).toEqual([2, 1]);
  });

  it('adds a line once however often it is told, and two of one moment apart', async () => {
    const entry: LogEntry = {
      model,
      at: by().at,
      revision: 0,
      action: 'alarm-judged',
      version: null,
      championBefore: null,
      championAfter: null,
      who: 'alarm:errors',
      why: 'too few requests',
      details: { says: { nested: [1, 2] } },
    };
    await registry().appendLog(entry);
    await registry().appendLog(entry);
    await registry().appendLog({ ...entry, who: 'alarm:latency' });
    expect((await registry().readLog(model)).map(({ who }) => who).sort()).toEqual([
      'alarm:errors',
      'alarm:latency',
    ]);
  });
});

describeRunRecords('on the engine', () => new RunStore(engine.documents(), 'runs'));

describe('the run list', () => {
  const runs = () => new RunStore(engine.documents(), 'runs');

  it('lists runs newest first, of one model or of all', async () => {
    const other = `${model}-other`;
    for (let minute = 0; minute < 6; minute += 1) {
      const createdAt = new Date(Date.UTC(2031, 0, 1, 0, minute)).toISOString();
      const of = minute % 2 === 0 ? model : other;
      await runs().add(aRun({ runId: `${model}-${minute}`, model: of, createdAt }));
    }
    const ids = (listed: { runId: string }[]) => listed.map(({ runId }) => Number(runId.slice(-1)));
    expect(ids(await runs().list({ limit: 4 }))).toEqual([5, 4, 3, 2]);
    expect(ids(await runs().list({ model }))).toEqual([4, 2, 0]);
    expect(ids(await runs().list({ model: other, limit: 1 }))).toEqual([5]);
    expect(await runs().list({ model: 'nobody' })).toEqual([]);
  });

  it('lets a waiting run go on with its newest token, and no other run', async () => {
    const runId = `${model}-waits`;
    await runs().add(aRun({ runId, model }));
    const approval = { runId, taskToken: 'one', version: 3, expiresAt: '2026-11-26T10:00:00.000Z' };
    await runs().keepApproval(approval);
    await expect(runs().readApproval(runId)).rejects.toMatchObject({ code: 'run-not-waiting' });
    await runs().update(runId, ['queued'], { status: 'waiting-for-approval' });
    await runs().keepApproval({ ...approval, taskToken: 'two' });
    expect(await runs().readApproval(runId)).toEqual({ ...approval, taskToken: 'two' });
    await expect(runs().readApproval(`${model}-none`)).rejects.toMatchObject({ code: 'run-unknown' });
  });
});
