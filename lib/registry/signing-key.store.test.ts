import { sign } from 'node:crypto';
import { KMSClient } from '@aws-sdk/client-kms';
import { afterEach, describe, expect, it } from 'vitest';
import { sha256 } from '../shared/digest.ts';
import { aVersion } from './fixtures/builders.ts';
import { type KmsCall, kmsServer } from './fixtures/kms-server.ts';
import { aSigningKey } from './fixtures/signing.ts';
import { encodedForSigning, requireSignature, statementOf } from './model-signature.ts';
import type { PackageManifest } from './registry.ts';
import { SigningKey } from './signing-key.store.ts';

const key = aSigningKey();
const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/7d2e8b5e-0a4c-4d1c-9f60-0e9c8f3a6f10';
const manifest: PackageManifest = {
  schema: 'evergreen/package/v1',
  model: 'iris',
  files: { 'model.onnx': { sha256: sha256('model'), bytes: 5 } },
  lineage: aVersion(1).lineage,
};
const packageDigest = sha256('manifest');
const payload = encodedForSigning(statementOf(manifest, packageDigest));

function wellBehaved({ action }: KmsCall) {
  const signature = sign('sha256', payload, key.privateKey).toString('base64');
  return {
    body: action === 'Sign' ? { Signature: signature } : { PublicKey: key.der.toString('base64') },
  };
}

let stop: (() => Promise<unknown>) | undefined;

async function signingKey(answer: Parameters<typeof kmsServer>[0] = wellBehaved) {
  const server = await kmsServer(answer);
  stop = server.close;
  const client = new KMSClient({
    endpoint: server.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' },
  });
  return { calls: server.calls, subject: new SigningKey(client, keyArn) };
}

afterEach(async () => {
  await stop?.();
});

describe('SigningKey', () => {
  it('lets KMS sign the digest of the statement, as a bundle that holds', async () => {
    const { calls, subject } = await signingKey();
    const bundle = await subject.sign(manifest, packageDigest);
    requireSignature(Buffer.from(bundle), key, manifest, packageDigest, 'iris.sig');
    expect(calls.find(({ action }) => action === 'Sign')?.input).toEqual({
      KeyId: keyArn,
      Message: Buffer.from(sha256(payload), 'hex').toString('base64'),
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
  });

  it('signs its own requests for KMS, with the credentials of the client', async () => {
    const { calls, subject } = await signingKey();
    await subject.trusted();
    expect(calls[0]?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/kms\/aws4_request, /,
    );
    expect(calls[0]?.headers['x-amz-security-token']).toBe('token');
    expect(calls[0]?.headers['x-amz-target']).toBe('TrentService.GetPublicKey');
  });

  it('asks for the public key once in the life of a process', async () => {
    const { calls, subject } = await signingKey();
    await Promise.all([subject.trusted(), subject.trusted()]);
    expect((await subject.trusted()).hint).toBe(key.hint);
    expect(calls).toHaveLength(1);
  });

  it('names the action that was refused, asks once, and again the next time (F27)', async () => {
    let isDisabled = true;
    const { calls, subject } = await signingKey((call) =>
      isDisabled
        ? { status: 400, body: { __type: 'com.amazonaws.kms#DisabledException', message: 'it is disabled' } }
        : wellBehaved(call),
    );
    await expect(subject.trusted()).rejects.toMatchObject({
      code: 'signing-key-unavailable',
      message: 'kms:GetPublicKey was not answered: DisabledException: it is disabled',
    });
    expect(calls).toHaveLength(1);
    isDisabled = false;
    expect((await subject.trusted()).hint).toBe(key.hint);
  });

  it('waits out throttling', async () => {
    let refusals = 2;
    const { calls, subject } = await signingKey((call) =>
      refusals-- > 0
        ? { status: 400, body: { __type: 'ThrottlingException', message: '' } }
        : wellBehaved(call),
    );
    await subject.trusted();
    expect(calls).toHaveLength(3);
  });
});
