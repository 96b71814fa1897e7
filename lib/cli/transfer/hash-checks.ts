import { createHmac } from 'node:crypto';
import type { ReadHashKey } from '../../data/privacy/hash-key.store.ts';
import type { ModelDefinition } from '../../model/definition.ts';
import { hashKeyNameOf } from '../../model/disguise.ts';
import { EvergreenError } from '../../shared/errors.ts';

/* Whether two deployments hash alike, told without a key: each says what its key makes of the same words. */

const words = 'evergreen/hash-check/v1';

async function checkOf(model: string, keyName: string, readHashKey: ReadHashKey): Promise<string> {
  return createHmac('sha256', await readHashKey(model, keyName))
    .update(words)
    .digest('hex');
}

/** For each key that definitions of a model hash with, by its name. */
export async function hashChecksOf(
  model: string,
  definitions: readonly ModelDefinition[],
  readHashKey: ReadHashKey,
): Promise<Record<string, string>> {
  const names = new Set(definitions.flatMap((definition) => hashKeyNameOf(definition) ?? []));
  const checks = [...names].map(async (name) => [name, await checkOf(model, name, readHashKey)] as const);
  return Object.fromEntries(await Promise.all(checks));
}

/**
 * A dataset that was hashed elsewhere would have the id of the one that is made here, and its versions would be asked with
 * other hashes than they learned.
 *
 * @throws EvergreenError `hash-key-differs`.
 */
export async function requireHashChecks(
  model: string,
  checks: Readonly<Record<string, string>>,
  readHashKey: ReadHashKey,
): Promise<void> {
  for (const [name, check] of Object.entries(checks)) {
    if ((await checkOf(model, name, readHashKey)) === check) continue;
    throw new EvergreenError(
      'hash-key-differs',
      `features of ${model} are hashed with the key ${name} of another deployment, which this one does not have; upload the data here, and it is hashed and trained on anew`,
    );
  }
}
