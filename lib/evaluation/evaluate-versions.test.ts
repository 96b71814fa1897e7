import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { evaluateVersions, type Subject } from './evaluate-versions.ts';

const hashing = (key: string) =>
  defineModel({
    name: 'claims',
    task: 'classification',
    features: { agent: { type: 'text', personalData: 'identifier' } },
    target: { name: 'paid', type: 'category', categories: ['yes', 'no'] },
    privacy: { personalData: { identifier: 'hash' }, hash: { key } },
    gate: { champion: { metric: 'accuracy', margin: 0.02 } },
    train: {},
  });

const rows = Array.from({ length: 40 }, (_, i) => ({
  agent: `hmac-2-${i}`,
  paid: i % 2 === 0 ? 'yes' : 'no',
}));
const subject = (key: string, version: number | null): Subject & { version: number } => ({
  version: version ?? 0,
  modelDigest: 'a'.repeat(64),
  definition: hashing(key),
  predict: async (some) => some.map(({ paid }) => ({ label: String(paid) })),
});

const evaluated = (championKey: string) =>
  evaluateVersions({
    datasetId: 'ds-1',
    definitionDigest: 'b'.repeat(64),
    rows,
    heldOut: 90,
    candidate: subject('2', null),
    champion: subject(championKey, 3),
    findUnseen: async () => rows.map((_, place) => place),
  });

describe('evaluateVersions', () => {
  it('compares versions that know persons by the same hashes', async () => {
    expect((await evaluated('2')).comparison).toMatchObject({ rows: 40 });
  });

  it('says how many rows are held out, beside those that were judged', async () => {
    expect(await evaluated('2')).toMatchObject({ rows: 40, heldOutRows: 90 });
  });

  it('does not compare with a champion that knows them by another key', async () => {
    const { comparison, gate } = await evaluated('1');
    expect(comparison).toBeNull();
    expect(gate.reasons).toContain(
      'champion 3 takes other features or gives other answers; the limits alone count',
    );
  });
});
