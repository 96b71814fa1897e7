import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import * as z from 'zod';
import { digest, sha256 } from '../shared/digest.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import type { PackageManifest } from './registry.ts';

/*
 * Signatures of packages: OpenSSF Model Signing v1.0, a DSSE envelope with an in-toto statement in a Sigstore bundle,
 * signed by one EC P-256 key.
 *
 * Sources: github.com/sigstore/model-transparency (predicate https://model_signing/signature/v1.0);
 * github.com/secure-systems-lab/dsse, protocol v1.0.0; in-toto Attestation Framework, Statement v1; Sigstore bundle v0.3.
 */

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const payloadType = 'application/vnd.in-toto+json';
const statementType = 'https://in-toto.io/Statement/v1';
const predicateType = 'https://model_signing/signature/v1.0';

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);

const bundle = z.object({
  mediaType: z.literal(bundleType),
  verificationMaterial: z.object({ publicKey: z.object({ hint: digest }) }),
  dsseEnvelope: z.object({
    payload: base64,
    payloadType: z.literal(payloadType),
    signatures: z.array(z.object({ sig: base64 })).length(1),
  }),
});

const statement = z.object({
  _type: z.literal(statementType),
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256: digest }) })).length(1),
  predicateType: z.literal(predicateType),
  predicate: z.object({
    serialization: z.looseObject({ method: z.literal('files'), hash_type: z.literal('sha256') }),
    resources: z.array(z.object({ name: z.string(), algorithm: z.literal('sha256'), digest })),
  }),
});

/** Beside the packages and not below them: who writes the one may not write the other. */
export const signatureKeyOf = (packagePrefix: string) =>
  `${packagePrefix.replace(/^packages\//, 'signatures/').replace(/\/$/, '')}.sig`;

/** The public half of a signing key, with the name that bundles give it. */
export interface TrustedKey {
  key: KeyObject;
  /** SHA-256 of the key's PEM text. */
  hint: string;
}

/** @param der SubjectPublicKeyInfo, as AWS KMS gives it. */
export function trustedKey(der: Uint8Array): TrustedKey {
  const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  return { key, hint: sha256(key.export({ format: 'pem', type: 'spki' })) };
}

/** DSSE's pre-authentication encoding: the bytes that are signed, with SHA-256. */
export function encodedForSigning(payload: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ]);
}

/** Every file of a package with its digest, the manifest included, in the order of their names. */
function resourcesOf({ files }: PackageManifest, packageDigest: string): [string, string][] {
  const listed = Object.entries(files).map(([name, file]): [string, string] => [name, file.sha256]);
  return [...listed, ['manifest.json', packageDigest] as [string, string]].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
}

/** SHA-256 over the digests of all resources, one after the other. */
function rootDigest(resources: readonly [string, string][]): string {
  const hash = createHash('sha256');
  for (const [, each] of resources) hash.update(Buffer.from(each, 'hex'));
  return hash.digest('hex');
}

/** What is said of a package: which files it has and what is in them. */
export function statementOf(manifest: PackageManifest, packageDigest: string): Uint8Array {
  const resources = resourcesOf(manifest, packageDigest);
  return Buffer.from(
    JSON.stringify({
      _type: statementType,
      subject: [{ name: manifest.model, digest: { sha256: rootDigest(resources) } }],
      predicateType,
      predicate: {
        serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: [] },
        resources: resources.map(([name, each]) => ({ name, algorithm: 'sha256', digest: each })),
      },
    } satisfies z.input<typeof statement>),
  );
}

/** @param signature In DER, as AWS KMS and OpenSSL write it. */
export function bundleOf(payload: Uint8Array, signature: Uint8Array, { hint }: TrustedKey): string {
  return JSON.stringify({
    mediaType: bundleType,
    verificationMaterial: { publicKey: { hint }, tlogEntries: [] },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString('base64'),
      payloadType,
      signatures: [{ sig: Buffer.from(signature).toString('base64'), keyid: '' }],
    },
  });
}

const short = (each: string) => `${each.slice(0, 12)}…`;

function parse<Schema extends z.ZodType>(
  text: Uint8Array | string,
  schema: Schema,
  what: string,
): z.infer<Schema> {
  try {
    return schema.parse(JSON.parse(typeof text === 'string' ? text : new TextDecoder().decode(text)));
  } catch (cause) {
    throw new EvergreenError('artifact-damaged', `${what} is no model signature: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/**
 * Holds a signature against the trusted key and the package that the registry names.
 *
 * @param what Names the signature in messages.
 * @throws EvergreenError `signature-untrusted`, or `artifact-damaged` that names the file.
 */
export function requireSignature(
  signature: Uint8Array,
  trusted: TrustedKey,
  manifest: PackageManifest,
  packageDigest: string,
  what: string,
): void {
  const { verificationMaterial, dsseEnvelope } = parse(signature, bundle, what);
  const { hint } = verificationMaterial.publicKey;
  if (hint !== trusted.hint) {
    throw new EvergreenError(
      'signature-untrusted',
      `${what} was made by the key ${short(hint)}, and only ${short(trusted.hint)} is trusted`,
    );
  }
  const payload = Buffer.from(dsseEnvelope.payload, 'base64');
  const made = Buffer.from(dsseEnvelope.signatures[0]?.sig ?? '', 'base64');
  if (!verify('sha256', encodedForSigning(payload), trusted.key, made)) {
    throw new EvergreenError(
      'signature-untrusted',
      `${what} names the key ${short(hint)}, which did not make it`,
    );
  }
  const { subject, predicate } = parse(payload.toString('utf8'), statement, what);
  const expected = resourcesOf(manifest, packageDigest);
  const signed = new Map(predicate.resources.map(({ name, digest: each }) => [name, each]));
  const changed = expected.find(([name, each]) => signed.get(name) !== each);
  if (changed) {
    throw new EvergreenError('artifact-damaged', `${changed[0]} is not the file that ${what} was made for`);
  }
  if (signed.size !== expected.length || subject[0]?.name !== manifest.model) {
    throw new EvergreenError('signature-untrusted', `${what} was made for another package`);
  }
}
