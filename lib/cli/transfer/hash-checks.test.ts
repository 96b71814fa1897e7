import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { aDefinition } from '../../data/fixtures/validation.ts';
import { hashChecksOf, requireHashChecks } from './hash-checks.ts';

const rootOf = (root: string) => async (model: string, name: string) =>
  createHmac('sha256', root).update(`${model} ${name}`).digest();
const hashing = aDefinition({
  features: { owner: { type: 'text', personalData: 'identifier' } },
  privacy: { personalData: { identifier: 'hash' }, hash: { key: 'may' } },
});

describe('requireHashChecks', () => {
  it('lets pass what is hashed by the same key, and what is not hashed', async () => {
    const checks = await hashChecksOf('fruit', [hashing, hashing, aDefinition()], rootOf('here'));
    expect(Object.keys(checks)).toEqual(['may']);
    await requireHashChecks('fruit', checks, rootOf('here'));
    expect(await hashChecksOf('fruit', [aDefinition()], rootOf('here'))).toEqual({});
    await requireHashChecks('fruit', {}, rootOf('there'));
  });

  it('refuses what another key hashed', async () => {
    const checks = await hashChecksOf('fruit', [hashing], rootOf('here'));
    await expect(requireHashChecks('fruit', checks, rootOf('there'))).rejects.toMatchObject({
      code: 'hash-key-differs',
    });
  });
});
