import { GenerateMacCommand, type KMSClient } from '@aws-sdk/client-kms';
import { hashKeyMessage } from '../../model/disguise.ts';
import { EvergreenError, messageOf } from '../../shared/errors.ts';

/** Gives the key that a model's personal features are hashed with, by the name its definition gives. */
export type ReadHashKey = (model: string, keyName: string) => Promise<Uint8Array>;

/**
 * Makes keys from one that never leaves KMS: the MAC of model and name is the key for them. It is asked for once for a
 * definition in the life of a process, and kept in memory alone.
 */
export function hashKeyReader(kms: KMSClient, keyArn: string): ReadHashKey {
  const known = new Map<string, Promise<Uint8Array>>();
  return (model, keyName) => {
    const message = hashKeyMessage(model, keyName);
    const found =
      known.get(message) ??
      readKey(kms, keyArn, message).catch((thrown: unknown) => {
        known.delete(message);
        throw thrown;
      });
    known.set(message, found);
    return found;
  };
}

async function readKey(kms: KMSClient, keyArn: string, message: string): Promise<Uint8Array> {
  const request = { KeyId: keyArn, MacAlgorithm: 'HMAC_SHA_256' as const, Message: Buffer.from(message) };
  try {
    const { Mac } = await kms.send(new GenerateMacCommand(request));
    if (Mac) return Mac;
  } catch (cause) {
    const name = cause instanceof Error ? `${cause.name}: ` : '';
    throw new EvergreenError(
      'hash-key-unavailable',
      `kms:GenerateMac was not answered: ${name}${messageOf(cause)}`,
      { cause },
    );
  }
  throw new EvergreenError('hash-key-unavailable', 'kms:GenerateMac answered without what was asked for');
}
