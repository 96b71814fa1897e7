import { sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { explainedFlowers } from '../../../lib/inference/fixtures/models.ts';
import { MemorySource } from '../../../lib/inference/fixtures/packages.ts';
import { openPackage } from '../../../lib/inference/package.ts';
import { kmsServer } from '../../../lib/registry/fixtures/kms-server.ts';
import { aSigningKey } from '../../../lib/registry/fixtures/signing.ts';
import { encodedForSigning, signatureKeyOf, statementOf } from '../../../lib/registry/model-signature.ts';
import { packageManifest } from '../../../lib/registry/registry.ts';
import { signPackage } from '../../../lib/registry/sign-package.ts';
import { SigningKey } from '../../../lib/registry/signing-key.store.ts';
import { sha256 } from '../../../lib/shared/digest.ts';
import { installReferenceVerifier, type Verdict, verifyWithReference } from './reference-verifier.ts';

/* Packages as they are made and signed here, held against the OpenSSF's own verifier. */

const source = new MemorySource();
const packages = [1, 2].map((version) => source.add(version, explainedFlowers()));

/** Signs each package as the registration of a version does, KMS being one that holds the key of the source. */
async function signAll(): Promise<void> {
  const payloads = packages.map(({ packagePrefix }) => {
    const manifest = source.objects.get(`${packagePrefix}manifest.json`) ?? new Uint8Array();
    const parsed = packageManifest.parse(JSON.parse(new TextDecoder().decode(manifest)));
    return encodedForSigning(statementOf(parsed, sha256(manifest)));
  });
  const kms = await kmsServer(({ action, input }) => {
    if (action === 'GetPublicKey') return { body: { PublicKey: source.key.der.toString('base64') } };
    const digest = Buffer.from(String(input.Message), 'base64').toString('hex');
    const payload = payloads.find((each) => sha256(each) === digest);
    if (!payload) return { status: 400, body: { __type: 'ValidationException', message: 'another digest' } };
    return { body: { Signature: sign('sha256', payload, source.key.privateKey).toString('base64') } };
  });
  try {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const signingKey = new SigningKey(
      new KMSClient({ region: 'eu-central-1', endpoint: kms.url, credentials }),
      'alias/signs',
    );
    for (const version of packages) {
      await signPackage(
        {
          read: source.read,
          sign: (manifest, packageDigest) => signingKey.sign(manifest, packageDigest),
          write: async (key, bundle) => void source.objects.set(key, Buffer.from(bundle)),
        },
        { model: 'flowers', ...version },
      );
    }
  } finally {
    await kms.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'signed-package-'));
const files = join(folder, 'flowers');
const bundles = packages.map(({ version }) => join(folder, `${version}.sig`));
const [ours = '', another = ''] = bundles;
const publicKey = join(folder, 'key.pem');

let programs: Awaited<ReturnType<typeof installReferenceVerifier>>;
const verify = (model: string, bundle: string, key: string) => {
  if (typeof programs !== 'string') throw new Error(programs.missing);
  return verifyWithReference(programs, model, bundle, key);
};

beforeAll(async () => {
  await signAll();
  for (const [place, { packagePrefix }] of packages.entries()) {
    writeFileSync(bundles[place] ?? '', await source.read(signatureKeyOf(packagePrefix)));
  }
  writeFileSync(publicKey, source.key.key.export({ format: 'pem', type: 'spki' }));
  programs = await installReferenceVerifier();
});

beforeEach(({ skip }) => {
  if (typeof programs !== 'string') skip(programs.missing);
  rmSync(files, { recursive: true, force: true });
  mkdirSync(files);
  const prefix = packages[0]?.packagePrefix ?? '';
  for (const [key, bytes] of source.objects) {
    if (key.startsWith(prefix)) writeFileSync(join(files, key.slice(prefix.length)), bytes);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function expectRefused({ isAccepted, said }: Verdict, because: RegExp): void {
  expect(isAccepted, said).toBe(false);
  // It prints the list of what it found as Python writes it, whose quotes go with the digests within.
  expect(said.replaceAll(/[\\'"]/g, '')).toMatch(because);
}

describe('the reference verifier of OpenSSF Model Signing', () => {
  it('accepts a package as it is signed here, which is served too', async () => {
    expect(await verify(files, ours, publicKey)).toEqual({
      isAccepted: true,
      said: expect.stringContaining('Verification succeeded'),
    });
    const [first] = packages;
    if (!first) throw new Error('no package was made');
    expect((await openPackage(first, source.read, source.trust)).definition.name).toBe('flowers');
  });

  it.each(['model.onnx', 'golden.json', 'definition.json', 'explanation.json', 'manifest.json'])(
    'names %s when one byte of it is another',
    async (name) => {
      const bytes = readFileSync(join(files, name));
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      writeFileSync(join(files, name), bytes);
      const verdict = await verify(files, ours, publicKey);
      expectRefused(verdict, new RegExp(`Hash mismatch for ${name.replace('.', '\\.')}:`));
      expect(verdict.said.match(/Hash mismatch/g)).toHaveLength(1);
    },
  );

  it('names a file that is missing, and one that was not signed', async () => {
    rmSync(join(files, 'golden.json'));
    writeFileSync(join(files, 'more.json'), '{}');
    const verdict = await verify(files, ours, publicKey);
    expectRefused(verdict, /Extra files found in model .*: more\.json/);
    expectRefused(verdict, /Missing files in model .*: golden\.json/);
  });

  it('refuses the bundle of another package that the same key signed', async () => {
    expectRefused(await verify(files, another, publicKey), /Hash mismatch for manifest\.json:/);
  });

  it('refuses the bundle of another key, also one that claims to be ours', async () => {
    const stranger = aSigningKey();
    const manifest = readFileSync(join(files, 'manifest.json'));
    const signed = stranger.sign(packageManifest.parse(JSON.parse(manifest.toString())), sha256(manifest));
    const path = join(folder, 'stranger.sig');
    writeFileSync(path, signed);
    expectRefused(await verify(files, path, publicKey), /Key mismatch/);
    writeFileSync(path, signed.replace(stranger.hint, source.key.hint));
    expectRefused(await verify(files, path, publicKey), /Verification failed/);
  });
});
