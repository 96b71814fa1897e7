import { hashKeyReader } from '../data/privacy/hash-key.store.ts';
import type { ModelSource } from '../inference/live-models.ts';
import { awsModelSource } from '../inference/model-source.store.ts';
import { packageReader } from '../inference/package.store.ts';
import type { ReadObject } from '../inference/package.ts';
import { SigningKey } from '../registry/signing-key.store.ts';
import { documentClient, kmsClient, s3Client } from '../shared/clients.ts';
import type { ServerSettings } from './settings.ts';

type Registry = Extract<ServerSettings['source'], { kind: 'registry' }>;

export const readBucket = (bucket: string): ReadObject => packageReader(s3Client(), bucket);

export function registrySource({ signingKey, hashKey, ...registry }: Registry): ModelSource {
  const key = new SigningKey(kmsClient(), signingKey);
  return awsModelSource({
    documents: documentClient(),
    s3: s3Client(),
    registryTable: registry.registryTable,
    modelBucket: registry.modelBucket,
    modelNames: registry.modelNames,
    trust: () => key.trusted(),
    readHashKey: hashKeyReader(kmsClient(), hashKey),
  });
}
