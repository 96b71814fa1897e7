import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/*
 * One client of each kind for a process; region, credentials and endpoint come from the environment.
 * Retries are bounded: a caller that waits is answered, and what was not done is delivered again by its queue.
 */
const maxAttempts = 5;

let s3: S3Client | undefined;
let documents: DynamoDBDocumentClient | undefined;
let kms: KMSClient | undefined;

/** Path-style addresses are valid on AWS and on any other S3 endpoint. */
export function s3Client(): S3Client {
  s3 ??= new S3Client({ maxAttempts, forcePathStyle: true });
  return s3;
}

export function documentClient(): DynamoDBDocumentClient {
  documents ??= DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts }), {
    marshallOptions: { removeUndefinedValues: true },
  });
  return documents;
}

/** It gives up soon: predictions wait for the key whose signature their model must have. */
export function kmsClient(): KMSClient {
  kms ??= new KMSClient({
    maxAttempts: 3,
    requestHandler: { requestTimeout: 3000, throwOnRequestTimeout: true },
  });
  return kms;
}
