import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLoggingCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import * as z from 'zod';
import { datasetReport } from '../../data/dataset.ts';
import { listDatasets } from '../../data/versions/datasets.store.ts';
import { listKeys } from '../../data/versions/objects-below.store.ts';
import type { ModelDefinition } from '../../model/definition.ts';
import { definitionKey, deployedModel } from '../../model/deployed-model.ts';
import { disguiseOf } from '../../model/disguise.ts';
import { readBytes, readDocument } from '../../shared/objects.ts';
import type { Connection } from '../connection.ts';
import { modelNames } from '../stack-outputs.ts';
import type { DeploymentFacts } from './deployment-facts.ts';

type Source = Pick<Connection, 's3' | 'kms' | 'documents' | 'outputs' | 'runs'>;

/** Reads settings as they are now. Rights: those of reading buckets', tables' and keys' settings, and the data bucket. */
export async function readDeploymentFacts(source: Source): Promise<DeploymentFacts> {
  const { outputs, s3 } = source;
  const [data, packages] = await Promise.all(
    [outputs.DataBucket, outputs.ModelBucket].map((name) => readBucket(source, name, false)),
  );
  const buckets = [data, packages].flatMap((each) => each ?? []);
  const logs = new Set(buckets.flatMap(({ logsTo }) => logsTo ?? []));
  const logBuckets = await Promise.all([...logs].map((name) => readBucket(source, name, true)));
  const tables = [outputs.RegistryTable, outputs.RunsTable, outputs.PredictionsTable];
  const count = async (prefix: string) => (await listKeys(s3, outputs.DataBucket, prefix)).length;
  return {
    buckets: [...buckets, ...logBuckets],
    tables: await Promise.all(tables.map((name) => readTable(source, name))),
    keys: { subject: await isEnabled(source, outputs.SubjectKeyArn) },
    models: await Promise.all(
      modelNames(outputs).map((name) => readModel(source, name, data?.expires ?? [])),
    ),
    records: {
      erasures: (await listKeys(s3, outputs.DataBucket, 'erasures/')).filter((key) =>
        key.endsWith('-done.json'),
      ).length,
      certificates: await count('certificates/'),
    },
  };
}

/** What a bucket was never given S3 answers with an error of its own name. */
async function orNone<Answer>(asked: Promise<Answer>): Promise<Answer | null> {
  try {
    return await asked;
  } catch (thrown) {
    if (thrown instanceof Error && /^(NoSuch|ServerSideEncryptionConfigurationNotFound)/.test(thrown.name))
      return null;
    throw thrown;
  }
}

const policyDocument = z.object({
  Statement: z.array(
    z.object({ Effect: z.string(), Condition: z.record(z.string(), z.unknown()).optional() }),
  ),
});

async function readBucket(
  { s3 }: Source,
  name: string,
  isForLogs: boolean,
): Promise<DeploymentFacts['buckets'][number]> {
  const asked = { Bucket: name };
  const [encryption, versioning, block, policy, logging, lifecycle] = await Promise.all([
    orNone(s3.send(new GetBucketEncryptionCommand(asked))),
    s3.send(new GetBucketVersioningCommand(asked)),
    orNone(s3.send(new GetPublicAccessBlockCommand(asked))),
    orNone(s3.send(new GetBucketPolicyCommand(asked))),
    s3.send(new GetBucketLoggingCommand(asked)),
    orNone(s3.send(new GetBucketLifecycleConfigurationCommand(asked))),
  ]);
  const rule = encryption?.ServerSideEncryptionConfiguration?.Rules?.[0];
  const blocked = block?.PublicAccessBlockConfiguration;
  const statements = policy?.Policy ? policyDocument.parse(JSON.parse(policy.Policy)).Statement : [];
  const deniesPlain = statements.some(
    ({ Effect, Condition }) =>
      Effect === 'Deny' && JSON.stringify(Condition ?? {}).includes('"aws:SecureTransport":"false"'),
  );
  return {
    name,
    isForLogs,
    encryption: rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? null,
    isVersioned: versioning.Status === 'Enabled',
    blocksPublic: Boolean(
      blocked?.BlockPublicAcls &&
        blocked.BlockPublicPolicy &&
        blocked.IgnorePublicAcls &&
        blocked.RestrictPublicBuckets,
    ),
    isTlsOnly: deniesPlain,
    logsTo: logging.LoggingEnabled?.TargetBucket ?? null,
    expires: (lifecycle?.Rules ?? []).flatMap(({ Status, Expiration, Filter, Prefix }) =>
      Status === 'Enabled' && Expiration?.Days !== undefined ? [Filter?.Prefix ?? Prefix ?? ''] : [],
    ),
  };
}

async function readTable({ documents }: Source, name: string): Promise<DeploymentFacts['tables'][number]> {
  const asked = { TableName: name };
  const [table, backups, live] = await Promise.all([
    documents.send(new DescribeTableCommand(asked)),
    documents.send(new DescribeContinuousBackupsCommand(asked)),
    documents.send(new DescribeTimeToLiveCommand(asked)),
  ]);
  const recovery = backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  const timeToLive = live.TimeToLiveDescription;
  const encryption = table.Table?.SSEDescription?.Status;
  return {
    name,
    // Without a description the table is encrypted by a key that AWS owns: DynamoDB stores nothing in the clear.
    isEncrypted: encryption === undefined || encryption === 'ENABLED',
    isRestorable: recovery?.PointInTimeRecoveryStatus === 'ENABLED',
    timeToLive: timeToLive?.TimeToLiveStatus === 'ENABLED' ? (timeToLive.AttributeName ?? null) : null,
  };
}

async function isEnabled({ kms }: Source, keyArn: string): Promise<boolean> {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyArn }));
  return KeyMetadata?.Enabled === true;
}

async function readModel(
  source: Source,
  name: string,
  expires: readonly string[],
): Promise<DeploymentFacts['models'][number]> {
  const { s3, outputs } = source;
  const bucket = outputs.DataBucket;
  const [newest] = await listDatasets(s3, bucket, name);
  // What the newest run began with, also when it led to no dataset: the newest dataset may be of an older definition.
  const [run] = await source.runs.list({ model: name, limit: 1 });
  const definition = await readDefinition(source, name, run?.definitionDigest ?? newest?.definitionDigest);
  const report =
    newest && (await readBytes(s3, { bucket, key: newest.files.report.key }))
      ? await readDocument(s3, { bucket, key: newest.files.report.key }, datasetReport)
      : undefined;
  const [only, ...others] = definition?.identity ?? [];
  const features = Object.entries(definition?.features ?? {});
  return {
    name,
    subject: definition?.privacy.subject ?? (others.length === 0 ? (only ?? null) : null),
    looksForPersonalData: definition !== undefined && definition.data.checks.personalData.action !== 'off',
    undeclared: [
      ...new Set(
        (report?.personalData ?? []).filter(({ isDeclared }) => !isDeclared).map(({ column }) => column),
      ),
    ],
    hasRetention: definition?.data.retention?.expireUploadsAfterDays !== undefined,
    expiresUploads: expires.some((prefix) => prefix !== '' && `incoming/${name}/`.startsWith(prefix)),
    isProtected:
      definition !== undefined &&
      features.every(
        ([feature, described]) =>
          described.personalData === 'none' ||
          ('generalise' in described && described.generalise !== undefined) ||
          disguiseOf(definition, feature) !== undefined,
      ),
  };
}

/** What the newest dataset was made by, or what the first run began with; none before the first upload. */
async function readDefinition(
  { s3, outputs }: Source,
  model: string,
  digest: string | undefined,
): Promise<ModelDefinition | undefined> {
  const bucket = outputs.DataBucket;
  const [first] =
    digest === undefined
      ? await listKeys(s3, bucket, `definitions/${model}/`)
      : [definitionKey(model, digest)];
  return first === undefined
    ? undefined
    : (await readDocument(s3, { bucket, key: first }, deployedModel)).definition;
}
