import { describe, expect, it } from 'vitest';
import { sha256 } from '../shared/digest.ts';
import { aVersion } from './fixtures/builders.ts';
import { aSigningKey } from './fixtures/signing.ts';
import { requireSignature, signatureKeyOf } from './model-signature.ts';
import type { PackageManifest } from './registry.ts';

const manifest: PackageManifest = {
  schema: 'evergreen/package/v1',
  model: 'iris',
  files: {
    'model.onnx': { sha256: sha256('model'), bytes: 5 },
    'golden.json': { sha256: sha256('golden'), bytes: 6 },
  },
  lineage: aVersion(1).lineage,
};
const packageDigest = sha256('manifest');
const key = aSigningKey();
const bundle = () => JSON.parse(key.sign(manifest, packageDigest));
const payloadOf = (signed: ReturnType<typeof bundle>) =>
  JSON.parse(Buffer.from(signed.dsseEnvelope.payload, 'base64').toString('utf8'));

function check(signature: unknown, about = manifest, digest = packageDigest, trusted = key): void {
  const bytes = Buffer.from(typeof signature === 'string' ? signature : JSON.stringify(signature));
  requireSignature(bytes, trusted, about, digest, 'iris.sig');
}

describe('a model signature', () => {
  it('names every file of the package, its manifest included, and holds', () => {
    const signed = bundle();
    expect(payloadOf(signed)).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'iris' }],
      predicateType: 'https://model_signing/signature/v1.0',
      predicate: {
        resources: [
          { name: 'golden.json', algorithm: 'sha256', digest: sha256('golden') },
          { name: 'manifest.json', algorithm: 'sha256', digest: packageDigest },
          { name: 'model.onnx', algorithm: 'sha256', digest: sha256('model') },
        ],
      },
    });
    expect(() => check(signed)).not.toThrow();
  });

  it('of an unknown key is refused by the name of the key (F26)', () => {
    const stranger = aSigningKey();
    expect(() => check(stranger.sign(manifest, packageDigest))).toThrow(
      expect.objectContaining({
        code: 'signature-untrusted',
        message: expect.stringMatching(`made by the key ${stranger.hint.slice(0, 12)}…, and only`),
      }),
    );
  });

  it('of an unknown key that claims to be ours is refused', () => {
    const stranger = aSigningKey();
    const forged = JSON.parse(stranger.sign(manifest, packageDigest));
    forged.verificationMaterial.publicKey.hint = key.hint;
    expect(() => check(forged)).toThrow(/names the key .*, which did not make it/);
  });

  it('does not hold for a changed statement', () => {
    const signed = bundle();
    const statement = payloadOf(signed);
    statement.predicate.resources[2].digest = sha256('other');
    signed.dsseEnvelope.payload = Buffer.from(JSON.stringify(statement)).toString('base64');
    expect(() => check(signed)).toThrow(expect.objectContaining({ code: 'signature-untrusted' }));
  });

  it('names a file that is another than the one it was made for', () => {
    const files = { ...manifest.files, 'model.onnx': { sha256: sha256('other'), bytes: 5 } };
    expect(() => check(bundle(), { ...manifest, files })).toThrow(
      expect.objectContaining({
        code: 'artifact-damaged',
        message: 'model.onnx is not the file that iris.sig was made for',
      }),
    );
  });

  it('of another valid package of the same model is refused (F25)', () => {
    expect(() => check(bundle(), manifest, sha256('another manifest'))).toThrow(
      'manifest.json is not the file that iris.sig was made for',
    );
  });

  it('of more files, or of another model, is refused', () => {
    const { 'golden.json': _, ...fewer } = manifest.files;
    expect(() => check(bundle(), { ...manifest, files: fewer })).toThrow(/made for another package/);
    expect(() => check(bundle(), { ...manifest, model: 'tulip' })).toThrow(/made for another package/);
  });

  it.each([
    ['no JSON', 'MIIB'],
    ['no bundle', {}],
    [
      'another kind of bundle',
      { ...bundle(), mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' },
    ],
    ['no signature', { ...bundle(), dsseEnvelope: { ...bundle().dsseEnvelope, signatures: [] } }],
  ])('that is %s is refused as damaged', (_, signature) => {
    expect(() => check(signature)).toThrow(expect.objectContaining({ code: 'artifact-damaged' }));
  });

  it('lies beside the package, where who writes packages may not write', () => {
    expect(signatureKeyOf('packages/iris/0a1b/')).toBe('signatures/iris/0a1b.sig');
  });
});
