import { describe, expect, it } from 'vitest';
import { aLive, at, aVersion } from './fixtures/builders.ts';
import type { LogEntry } from './registry.ts';
import {
  changeItems,
  laterTime,
  logKey,
  refusalOfTransaction,
  registrationItems,
  storedVersion,
} from './registry-writes.ts';

const entry: LogEntry = {
  model: 'iris',
  at,
  revision: 3,
  action: 'alarm-judged',
  version: 2,
  championBefore: 2,
  championAfter: 2,
  who: 'alarm:iris-errors',
  why: 'too few requests',
  details: {},
};

describe('logKey', () => {
  it('sorts by time, then by revision', () => {
    const keys = [
      logKey({ ...entry, at: '2026-11-23T10:00:00.001Z', revision: 1 }),
      logKey({ ...entry, revision: 10 }),
      logKey({ ...entry, revision: 9 }),
    ];
    expect([...keys].sort()).toEqual([keys[2], keys[1], keys[0]]);
  });

  it('gives two alarms judged in one millisecond a line each', () => {
    expect(logKey(entry)).not.toBe(logKey({ ...entry, who: 'alarm:iris-latency' }));
  });
});

describe('laterTime', () => {
  it('never lets the log go back in time', () => {
    expect(laterTime('2026-11-23T09:00:00.000Z', at)).toBe(at);
    expect(laterTime('2026-11-23T10:00:00.001Z', at)).toBe('2026-11-23T10:00:00.001Z');
  });
});

describe('registrationItems', () => {
  it('writes a version and the request that made it once, with a line in the log', () => {
    const items = registrationItems('registry', aVersion(4), 'body').map(({ Put }) => Put);
    expect(items.map((put) => [put?.Item?.sk, put?.ConditionExpression])).toEqual([
      ['VERSION#00000004', 'attribute_not_exists(pk)'],
      ['REQUEST#iris-run-4', 'attribute_not_exists(pk)'],
      [expect.stringMatching(/^RESULT#ds-4#[0-9a-f]{64}$/), undefined],
      [expect.stringMatching(/^LOG#2026-11-23T10:00:00.000Z#00000000#registered#4#/), undefined],
    ]);
    expect(new Set(items.map((put) => put?.Item?.pk))).toEqual(new Set(['MODEL#iris']));
  });

  it('says of a version that was imported where from, and takes it for no result of a run here', () => {
    const importedFrom = {
      stack: 'Evergreen-test',
      account: '111122223333',
      region: 'eu-central-1',
      version: 9,
      signedBy: 'a'.repeat(64),
    };
    const items = registrationItems('registry', aVersion(4, { importedFrom }), 'body').map(
      ({ Put }) => Put?.Item,
    );
    expect(items.map((item) => String(item?.sk).split('#')[0])).toEqual(['VERSION', 'REQUEST', 'LOG']);
    expect(items.at(-1)).toMatchObject({
      action: 'imported',
      championAfter: null,
      why: 'it was version 9 of Evergreen-test in eu-central-1, account 111122223333; it takes no traffic until somebody promotes it',
    });
    expect(JSON.parse(String(items.at(-1)?.details))).toMatchObject({ importedFrom });
  });

  it('holds figures as text, whatever they are', () => {
    const version = aVersion(4, { metrics: { rmse: 9.1e15, mae: 1e-200 } });
    const [put] = registrationItems('registry', version, 'body');
    expect(put?.Put?.Item?.metrics).toBe('{"rmse":9100000000000000,"mae":1e-200}');
    expect(storedVersion.parse(put?.Put?.Item)).toEqual(version);
  });
});

describe('changeItems', () => {
  it('replaces only the revision that was read', () => {
    const before = aLive({ champion: 1, revision: 7 });
    const [change, line] = changeItems('registry', before, { ...before, revision: 8 }, entry);
    expect(change?.Put).toMatchObject({
      Item: { pk: 'MODEL#iris', sk: 'LIVE', revision: 8 },
      ConditionExpression: 'attribute_not_exists(pk) OR revision = :revision',
      ExpressionAttributeValues: { ':revision': 7 },
    });
    expect(line?.Put?.Item).toMatchObject({ ...entry, details: '{}' });
  });
});

describe('refusalOfTransaction', () => {
  it.each([
    ['condition', ['None', 'ConditionalCheckFailed']],
    ['condition', ['TransactionConflict', 'ConditionalCheckFailed']],
    ['busy', ['TransactionConflict', 'None']],
    ['busy', ['ThrottlingError', 'ProvisionedThroughputExceeded']],
    ['other', ['ValidationError']],
    ['other', ['TransactionConflict', 'ItemCollectionSizeLimitExceeded']],
    ['other', []],
  ] as const)('says %s for %j', (refusal, codes) => {
    expect(refusalOfTransaction(codes.map((Code) => ({ Code })))).toBe(refusal);
  });

  it('does not take a cancellation without reasons for a conflict', () => {
    expect(refusalOfTransaction(undefined)).toBe('other');
  });
});
