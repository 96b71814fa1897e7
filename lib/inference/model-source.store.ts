import type { S3Client } from '@aws-sdk/client-s3';
import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import type { ReadHashKey } from '../data/privacy/hash-key.store.ts';
import { live, partitionKey } from '../registry/registry.ts';
import type { ModelSource } from './live-models.ts';
import { packageReader } from './package.store.ts';
import { openPackage, type Trust } from './package.ts';

export interface ModelSourceSite {
  documents: DynamoDBDocumentClient;
  s3: S3Client;
  registryTable: string;
  modelBucket: string;
  modelNames: readonly string[] | undefined;
  trust: Trust;
  readHashKey: ReadHashKey;
}

/** A registry that does not answer in this time is one that is down; the last reading then counts on. */
const readDeadlineMs = 3000;

/** Reads what is live from the registry table and packages from the model bucket. */
export function awsModelSource(site: ModelSourceSite): ModelSource {
  const { documents, registryTable, modelBucket } = site;
  return {
    modelNames: site.modelNames,
    async readLive(model) {
      const key = { pk: partitionKey(model), sk: 'LIVE' };
      const { Item } = await documents.send(
        new GetCommand({ TableName: registryTable, Key: key, ConsistentRead: true }),
        { abortSignal: AbortSignal.timeout(readDeadlineMs) },
      );
      return Item === undefined ? undefined : live.parse(Item);
    },
    open: (reference, makeRoom) =>
      openPackage(reference, packageReader(site.s3, modelBucket), site.trust, makeRoom, site.readHashKey),
  };
}
