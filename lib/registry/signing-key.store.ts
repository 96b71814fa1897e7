import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type AwsClient, callKms } from './kms.store.ts';
import { bundleOf, encodedForSigning, statementOf, type TrustedKey, trustedKey } from './model-signature.ts';
import type { PackageManifest } from './registry.ts';

const publicKey = z.object({ PublicKey: z.base64() });
const signed = z.object({ Signature: z.base64() });

/** The key that signs packages: EC P-256 in AWS KMS, which it never leaves. */
export class SigningKey {
  readonly #client: AwsClient;
  readonly #keyId: string;
  #trusted: Promise<TrustedKey> | undefined;

  constructor(client: AwsClient, keyId: string) {
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
    const { PublicKey } = await callKms(this.#client, 'GetPublicKey', { KeyId: this.#keyId }, publicKey);
    return trustedKey(Buffer.from(PublicKey, 'base64'));
  }

  /**
   * Signs a package, as a bundle.
   *
   * @throws EvergreenError `signing-key-unavailable`.
   */
  async sign(manifest: PackageManifest, packageDigest: string): Promise<string> {
    const payload = statementOf(manifest, packageDigest);
    // KMS takes at most 4096 bytes as they are.
    const digest = createHash('sha256').update(encodedForSigning(payload)).digest('base64');
    const [trusted, { Signature }] = await Promise.all([
      this.trusted(),
      callKms(
        this.#client,
        'Sign',
        {
          KeyId: this.#keyId,
          Message: digest,
          MessageType: 'DIGEST',
          SigningAlgorithm: 'ECDSA_SHA_256',
        },
        signed,
      ),
    ]);
    return bundleOf(payload, Buffer.from(Signature, 'base64'), trusted);
  }
}
