import { createHash } from 'node:crypto';
import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { bundleOf, encodedForSigning, statementOf, type TrustedKey, trustedKey } from './model-signature.ts';
import type { PackageManifest } from './registry.ts';

/** The key that signs packages: EC P-256 in AWS KMS, which it never leaves. */
export class SigningKey {
  readonly #client: KMSClient;
  readonly #keyId: string;
  #trusted: Promise<TrustedKey> | undefined;

  constructor(client: KMSClient, keyId: string) {
    this.#client = client;
    this.#keyId = keyId;
  }

  /**
   * The public half, asked for once in the life of a process.
   *
   * @throws EvergreenError `signing-key-unavailable`.
   */
  trusted(): Promise<TrustedKey> {
    this.#trusted ??= this.#readPublicKey().catch((thrown: unknown) => {
      this.#trusted = undefined;
      throw thrown;
    });
    return this.#trusted;
  }

  async #readPublicKey(): Promise<TrustedKey> {
    const { PublicKey } = await answered(
      'GetPublicKey',
      this.#client.send(new GetPublicKeyCommand({ KeyId: this.#keyId })),
    );
    return trustedKey(present('GetPublicKey', PublicKey));
  }

  /**
   * Signs a package, as a bundle.
   *
   * @throws EvergreenError `signing-key-unavailable`.
   */
  async sign(manifest: PackageManifest, packageDigest: string): Promise<string> {
    const payload = statementOf(manifest, packageDigest);
    // KMS takes at most 4096 bytes as they are.
    const digest = createHash('sha256').update(encodedForSigning(payload)).digest();
    const request = new SignCommand({
      KeyId: this.#keyId,
      Message: digest,
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
    const [trusted, { Signature }] = await Promise.all([
      this.trusted(),
      answered('Sign', this.#client.send(request)),
    ]);
    return bundleOf(payload, present('Sign', Signature), trusted);
  }
}

/** Fails closed, and names the action and what AWS said of it. */
async function answered<Answer>(action: string, call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (cause) {
    const name = cause instanceof Error ? `${cause.name}: ` : '';
    throw new EvergreenError(
      'signing-key-unavailable',
      `kms:${action} was not answered: ${name}${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

function present(action: string, bytes: Uint8Array | undefined): Uint8Array {
  if (bytes) return bytes;
  throw new EvergreenError('signing-key-unavailable', `kms:${action} answered without what was asked for`);
}
