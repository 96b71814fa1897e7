import { describe, expect, it } from 'vitest';
import type { DeploymentFacts } from './deployment-facts.ts';
import { judgeCompliance } from './judge-compliance.ts';

const bucket = {
  name: 'data',
  encryption: 'aws:kms',
  isVersioned: true,
  blocksPublic: true,
  isTlsOnly: true,
  logsTo: 'logs',
  isForLogs: false,
  expires: ['captures/', 'incoming/iris/'],
};
const facts: DeploymentFacts = {
  buckets: [bucket, { ...bucket, name: 'logs', logsTo: null, isForLogs: true, expires: [''] }],
  tables: [{ name: 'predictions', isEncrypted: true, isRestorable: true, timeToLive: 'expiresAt' }],
  keys: { subject: true },
  models: [
    {
      name: 'iris',
      subject: 'plant',
      looksForPersonalData: true,
      undeclared: [],
      hasRetention: true,
      expiresUploads: true,
      isProtected: true,
    },
  ],
  records: { erasures: 1, certificates: 0 },
};
const stateOf = (given: DeploymentFacts, clause: string) =>
  judgeCompliance(given).find((item) => item.clause === clause);
const [model] = facts.models;

describe('judgeCompliance', () => {
  it('finds everything on that a deployment can show', () => {
    const states = judgeCompliance(facts).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['on', 'person']));
    expect(states.filter((state) => state === 'on')).toHaveLength(11);
  });

  it.each([
    [
      'Art. 5(1)(f), 32(1)(a)',
      { ...facts, buckets: [{ ...bucket, encryption: null }] },
      'no: data is encrypted',
    ],
    [
      'Art. 5(1)(f), 32(1)(a)',
      { ...facts, buckets: [{ ...bucket, isTlsOnly: false }] },
      'no: data answers over TLS alone',
    ],
    [
      'Art. 32(1)(b), (c)',
      { ...facts, buckets: [{ ...bucket, isVersioned: false }] },
      'no: data keeps versions',
    ],
    ['Art. 32(1)(d), 33', { ...facts, buckets: [{ ...bucket, logsTo: null }] }, 'no: data logs who reads it'],
    ['Art. 5(1)(e)', { ...facts, buckets: [{ ...bucket, expires: [] }] }, 'no: captures expire'],
    ['Art. 17', { ...facts, keys: { subject: false } }, 'no: the key for records of erasures is enabled'],
    [
      '§ 1798.105',
      { ...facts, models: model ? [{ ...model, subject: null }] : [] },
      'no: iris does not say whom a row is about',
    ],
    [
      'Art. 5(1)(c)',
      { ...facts, models: model ? [{ ...model, undeclared: ['note'] }] : [] },
      'no: iris has undeclared personal data in note',
    ],
    [
      'Art. 25',
      { ...facts, models: model ? [{ ...model, isProtected: false }] : [] },
      'no: iris drops, hashes, masks, generalises or has no personal features',
    ],
  ])('says of %s what is off, and what to do', (clause, given, told) => {
    const item = stateOf(given, clause);
    expect(item?.state).toMatch(/off|partly/);
    expect(item?.evidence).toContain(told);
    expect(item?.remedy).toBeTruthy();
  });
});
