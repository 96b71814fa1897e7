import { sign } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DynamoDBDocumentClient,
  GetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sealPackage } from '../../lib/inference/package.ts';
import { CardBucket } from '../../lib/registry/card/fixtures/packages.ts';
import { aVersion } from '../../lib/registry/fixtures/builders.ts';
import { aSigningKey } from '../../lib/registry/fixtures/signing.ts';
import { encodedForSigning, requireSignature, statementOf } from '../../lib/registry/model-signature.ts';
import { packageManifest } from '../../lib/registry/registry.ts';
import { invoke, stubFunction } from '../../lib/shared/fixtures/invoke.ts';
import { handler } from './handler.ts';

const documents = mockClient(DynamoDBDocumentClient);
const s3 = mockClient(S3Client);
const kms = mockClient(KMSClient);
const key = aSigningKey();
const { model, modelDigest, metrics, lineage } = aVersion(1);
const { parentVersion: _, ...ownLineage } = lineage;
const files = { 'model.onnx': new TextEncoder().encode('model') };
const { manifest, packagePrefix, packageDigest } = sealPackage(model, files, lineage);
const parsed = packageManifest.parse(JSON.parse(new TextDecoder().decode(manifest)));
const signature = sign('sha256', encodedForSigning(statementOf(parsed, packageDigest)), key.privateKey);
const event = {
  model,
  packagePrefix,
  packageDigest,
  modelDigest,
  metrics,
  championVersion: 4,
  author: 'upload',
  lineage: ownLineage,
};

const stored = (bytes: Uint8Array) => ({ transformToByteArray: async () => bytes }) as never;

beforeEach(() => {
  documents.reset();
  s3.reset();
  kms.reset();
  vi.restoreAllMocks();
  stubFunction('REGISTRY_TABLE', 'MODEL_BUCKET', 'SIGNING_KEY');
  kms.on(GetPublicKeyCommand).resolves({ PublicKey: key.der });
  kms.on(SignCommand).resolves({ Signature: signature });
  s3.on(GetObjectCommand, { Key: `${packagePrefix}manifest.json` }).callsFake(() => ({
    Body: stored(manifest),
  }));
  s3.on(PutObjectCommand).resolves({});
  documents.on(GetCommand).resolves({});
  documents.on(UpdateCommand).resolves({ Attributes: { lastVersion: 5 } });
  documents.on(TransactWriteCommand).resolves({});
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('register-version', () => {
  it('signs the package before it registers it', async () => {
    documents.on(TransactWriteCommand).callsFake(() => {
      expect(s3.commandCalls(PutObjectCommand)).toHaveLength(1);
      return {};
    });
    await invoke(handler, event);
    const [written] = s3.commandCalls(PutObjectCommand);
    const { Bucket, Key, Body } = written?.args[0].input ?? {};
    expect({ Bucket, Key }).toEqual({
      Bucket: 'MODEL_BUCKET',
      Key: `signatures/${model}/${packageDigest}.sig`,
    });
    requireSignature(Buffer.from(String(Body)), key, parsed, packageDigest, 'the signature');
  });

  it('registers nothing when the package is another than the one that was judged (F25)', async () => {
    const other = sealPackage(model, { 'model.onnx': new Uint8Array([1]) }, lineage);
    s3.on(GetObjectCommand).callsFake(() => ({ Body: stored(other.manifest) }));
    await expect(invoke(handler, event)).rejects.toMatchObject({
      name: 'Evergreen.NotAllowed',
      message: expect.stringMatching(/^artifact-damaged: .*manifest.json has the digest/),
    });
    expect(documents.calls()).toHaveLength(0);
    expect(kms.calls()).toHaveLength(0);
  });

  it('registers nothing without a signature, and says which action was refused (F27)', async () => {
    const refusal = Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' });
    kms.on(SignCommand).rejects(refusal);
    await expect(invoke(handler, event)).rejects.toMatchObject({
      name: 'Evergreen.Unavailable',
      message: expect.stringMatching(/kms:(Sign|GetPublicKey) was not answered: AccessDeniedException/),
    });
    expect(documents.calls()).toHaveLength(0);
  });

  it('signs and registers what was imported, with where it came from', async () => {
    const importedFrom = {
      stack: 'Evergreen-test',
      account: '111122223333',
      region: 'eu-central-1',
      version: 9,
      signedBy: 'a'.repeat(64),
    };
    expect(await invoke(handler, { ...event, author: 'ben', importedFrom })).toMatchObject({
      version: 5,
      author: 'ben',
      importedFrom,
    });
    expect(kms.commandCalls(SignCommand)).toHaveLength(1);
  });

  it('registers what the gate let pass, with the champion it was compared with as parent', async () => {
    expect(await invoke(handler, event)).toMatchObject({
      version: 5,
      author: 'upload',
      lineage: { ...ownLineage, parentVersion: 4 },
      createdAt: expect.stringMatching(/Z$/),
    });
    expect(await invoke(handler, { ...event, championVersion: null })).toMatchObject({
      lineage: { parentVersion: null },
    });
  });

  describe('writes the card', () => {
    const bucket = new CardBucket();
    const { version } = bucket;
    const { parentVersion, ...lineageOfRun } = version.lineage;
    const ofFruit = {
      ...event,
      model: 'fruit',
      packagePrefix: version.packagePrefix,
      packageDigest: version.packageDigest,
      modelDigest: version.modelDigest,
      championVersion: parentVersion,
      lineage: lineageOfRun,
    };
    const cardsWritten = () =>
      s3
        .commandCalls(PutObjectCommand)
        .map(({ args }) => args[0].input)
        .filter(({ Key }) => Key?.startsWith('cards/'));

    beforeEach(() => {
      s3.on(GetObjectCommand).callsFake(async ({ Key }) => ({ Body: stored(await bucket.read(Key)) }));
    });

    it('of the version under its number, in three forms', async () => {
      await invoke(handler, ofFruit);
      expect(cardsWritten().map(({ Bucket, Key, ContentType }) => [Bucket, Key, ContentType])).toEqual([
        ['MODEL_BUCKET', 'cards/fruit/00000005/card.json', 'application/json'],
        ['MODEL_BUCKET', 'cards/fruit/00000005/card.html', 'text/html; charset=utf-8'],
        ['MODEL_BUCKET', 'cards/fruit/00000005/bom.json', expect.stringContaining('cyclonedx')],
      ]);
    });

    it('byte for byte the same when the step is repeated', async () => {
      let kept: Record<string, unknown> | undefined;
      documents.on(TransactWriteCommand).callsFake(({ TransactItems }) => {
        kept = Object.fromEntries(
          TransactItems.map(({ Put }: { Put: { Item: { sk: string } } }) => [Put.Item.sk, Put.Item]),
        );
        return {};
      });
      documents.on(GetCommand).callsFake(({ Key }) => ({ Item: kept?.[Key.sk] }));
      const first = await invoke(handler, ofFruit);
      expect(await invoke(handler, ofFruit)).toEqual(first);
      const bodies = cardsWritten().map(({ Body }) => Body);
      expect(bodies).toHaveLength(6);
      expect(bodies.slice(3)).toEqual(bodies.slice(0, 3));
    });

    it('or says in the log why not, and registers the version all the same', async () => {
      const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
      s3.on(PutObjectCommand).callsFake(({ Key }) => {
        if (Key.startsWith('cards/')) throw new Error('no room');
        return {};
      });
      expect(await invoke(handler, ofFruit)).toMatchObject({ version: 5 });
      expect(printed.mock.calls.flat().join('')).toContain(
        'the card of fruit version 5 was not written: no room',
      );
    });
  });

  it.each([
    ['a metric that is none', { metrics: { accuracy: null } }],
    ['a digest that is none', { packageDigest: 'short' }],
    ['no lineage', { lineage: {} }],
  ])('registers nothing with %s (F13)', async (_name, over) => {
    await expect(invoke(handler, { ...event, ...over })).rejects.toMatchObject({
      name: 'Evergreen.InvalidInput',
    });
    expect(documents.calls()).toHaveLength(0);
  });
});
