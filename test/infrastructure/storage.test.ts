import { describe, expect, it } from 'vitest';
import { type Resource, stages, synthesised } from './synthesised.ts';

interface Statement {
  Effect: string;
  Action: string | string[];
  Principal?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

function policyOf(
  stage: (typeof stages)[number],
  type: string,
  property: string,
  target: string,
): Statement[] {
  const found = synthesised(stage)
    .ofType(type)
    .find(([, { Properties }]) => JSON.stringify(Properties[property]).includes(`"${target}"`));
  return found?.[1].Properties.PolicyDocument.Statement ?? [];
}

const deniesPlainHttp = ({ Effect, Principal, Condition }: Statement) =>
  Effect === 'Deny' &&
  JSON.stringify(Principal) === '{"AWS":"*"}' &&
  Condition?.Bool?.['aws:SecureTransport'] === 'false';

describe.each(stages)('buckets of stage %s', (stage) => {
  const buckets = synthesised(stage).ofType('AWS::S3::Bucket');
  const named = (path: string): Resource => {
    const found = buckets.find(([id]) => synthesised(stage).pathOf(id) === path);
    if (!found) throw new Error(`no bucket ${path}`);
    return found[1];
  };
  const data = named('Data/Bucket');
  const packages = named('Registry/Models');
  const logs = named('AccessLogs');

  it('are the three we know', () => {
    expect(buckets).toHaveLength(3);
  });

  it.each(buckets)('%s keeps versions, blocks the public and is encrypted', (_, { Properties }) => {
    expect(Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
    expect(Properties.PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    expect(Properties.OwnershipControls.Rules).toEqual([{ ObjectOwnership: 'BucketOwnerEnforced' }]);
    expect(Properties.BucketEncryption).toBeDefined();
  });

  it.each(buckets.map(([id]) => id))('%s answers over TLS 1.2 and later only', (id) => {
    const statements = policyOf(stage, 'AWS::S3::BucketPolicy', 'Bucket', id);
    expect(statements.some(deniesPlainHttp)).toBe(true);
    expect(
      statements.some(
        ({ Effect, Condition }) => Effect === 'Deny' && Condition?.NumericLessThan?.['s3:TlsVersion'] === 1.2,
      ),
    ).toBe(true);
  });

  it('opens no bucket to anybody but the log service of S3, for this account', () => {
    for (const [id] of buckets) {
      const allowed = policyOf(stage, 'AWS::S3::BucketPolicy', 'Bucket', id).filter(
        ({ Effect }) => Effect === 'Allow',
      );
      for (const statement of allowed) {
        expect(statement.Principal).toEqual({ Service: 'logging.s3.amazonaws.com' });
        expect(statement.Action).toBe('s3:PutObject');
        expect(statement.Condition).toEqual({
          StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
        });
      }
    }
  });

  it.each([
    ['data', data, 'data/'],
    ['models', packages, 'models/'],
  ])('encrypts %s with our key and logs every access', (_, bucket, prefix) => {
    const [rule] = bucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration;
    expect(rule.ServerSideEncryptionByDefault.SSEAlgorithm).toBe('aws:kms');
    expect(rule.ServerSideEncryptionByDefault.KMSMasterKeyID['Fn::GetAtt'][0]).toMatch(/Key/);
    expect(rule.BucketKeyEnabled).toBe(true);
    expect(bucket.Properties.LoggingConfiguration.LogFilePrefix).toBe(prefix);
  });

  it('tells EventBridge of new data, by the bucket itself and no helper function', () => {
    expect(data.Properties.NotificationConfiguration).toEqual({
      EventBridgeConfiguration: { EventBridgeEnabled: true },
    });
    expect(packages.Properties.NotificationConfiguration).toBeUndefined();
    expect(synthesised(stage).ofType('Custom::S3BucketNotifications')).toEqual([]);
  });

  const rules = (bucket: Resource) =>
    Object.fromEntries(
      bucket.Properties.LifecycleConfiguration.Rules.map((rule: { Id: string }) => [rule.Id, rule]),
    );

  it('expires what was overwritten, batches, captures, reports, job output and logs', () => {
    expect(rules(data)).toMatchObject({
      'what-was-overwritten': {
        Status: 'Enabled',
        NoncurrentVersionExpiration: { NoncurrentDays: 90 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
      'uploads-grow-cold': {
        Prefix: 'incoming/',
        Transitions: [{ StorageClass: 'STANDARD_IA', TransitionInDays: 30 }],
      },
      batches: {
        Prefix: 'batches/',
        ExpirationInDays: 30,
        NoncurrentVersionExpiration: { NoncurrentDays: 7 },
      },
      parts: {
        Prefix: 'parts/',
        ExpirationInDays: 3,
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      },
      captures: { Prefix: 'captures/', ExpirationInDays: 90 },
      monitoring: { Prefix: 'monitoring/', ExpirationInDays: 365 },
    });
    expect(rules(packages)).toMatchObject({ 'job-output': { Prefix: 'jobs/', ExpirationInDays: 30 } });
    expect(rules(logs)).toMatchObject({ logs: { ExpirationInDays: 180 } });
  });

  it('archives and expires uploads as the definition of their model says, also those that rows were erased from', () => {
    for (const folder of ['incoming', 'rewritten']) {
      expect(rules(data)[`retention-${folder}-prices`]).toEqual({
        Id: `retention-${folder}-prices`,
        Status: 'Enabled',
        Prefix: `${folder}/prices/`,
        Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }],
        ExpirationInDays: 400,
        NoncurrentVersionExpiration: { NoncurrentDays: 7 },
      });
    }
    // What says nothing is kept, and datasets are destroyed by a command that leaves a certificate, not by a rule.
    const named = Object.keys(rules(data)).filter((id) => id.startsWith('retention-'));
    expect(named.sort()).toEqual(['retention-incoming-prices', 'retention-rewritten-prices']);
    for (const rule of data.Properties.LifecycleConfiguration.Rules) {
      expect(rule.Prefix ?? '').not.toMatch(/^(datasets|certificates|erasures|ledgers)/);
    }
  });

  it('never expires packages of versions or definitions', () => {
    for (const bucket of [data, packages]) {
      for (const rule of bucket.Properties.LifecycleConfiguration.Rules) {
        const reaches = (prefix: string) => rule.Prefix === undefined || prefix.startsWith(rule.Prefix);
        if (reaches('packages/') || reaches('definitions/')) expect(rule.ExpirationInDays).toBeUndefined();
      }
    }
  });
});

describe.each(stages)('tables of stage %s', (stage) => {
  const tables = synthesised(stage).ofType('AWS::DynamoDB::GlobalTable');

  it('are those of the registry, the runs and the predictions', () => {
    expect(tables.map(([id]) => synthesised(stage).pathOf(id)).sort()).toEqual([
      'Intake/Runs',
      'Monitoring/Predictions',
      'Registry/Table',
    ]);
    expect(synthesised(stage).ofType('AWS::DynamoDB::Table')).toEqual([]);
  });

  it.each(tables)('%s is paid by request', (_, { Properties }) => {
    expect(Properties.BillingMode).toBe('PAY_PER_REQUEST');
  });

  // cdk-nag's rule DDB3 knows the older kind of table alone.
  it.each(tables)('%s can be restored to any second, in every region it is in', (_, { Properties }) => {
    expect(Properties.Replicas.length).toBeGreaterThan(0);
    for (const replica of Properties.Replicas) {
      expect(replica.PointInTimeRecoverySpecification).toMatchObject({ PointInTimeRecoveryEnabled: true });
    }
  });

  it.each(tables)('%s is protected on AWS and goes with the stack on a laptop', (_, table) => {
    for (const replica of table.Properties.Replicas) {
      expect(replica.DeletionProtectionEnabled ?? false).toBe(stage === 'aws');
    }
    expect(table.DeletionPolicy).toBe(stage === 'aws' ? 'Retain' : 'Delete');
  });

  it('forgets predictions when their time is over', () => {
    const [, predictions] = tables.find(([id]) => id.includes('Predictions')) ?? [];
    expect(predictions?.Properties.TimeToLiveSpecification).toEqual({
      AttributeName: 'expiresAt',
      Enabled: true,
    });
  });
});

describe.each(stages)('keys of stage %s', (stage) => {
  const keys = synthesised(stage).ofType('AWS::KMS::Key');

  it.each(keys)('%s rotates and outlives a stack on AWS', (_, key) => {
    // KMS rotates keys that encrypt alone. What the others signed or hashed must go on being their own.
    const isSigning = key.Properties.KeyUsage === 'SIGN_VERIFY';
    const isHashing = key.Properties.KeyUsage === 'GENERATE_VERIFY_MAC';
    expect(key.Properties.EnableKeyRotation).toBe(isSigning || isHashing ? undefined : true);
    if (isHashing) expect(key.Properties.KeySpec).toBe('HMAC_256');
    if (isSigning) expect(key.Properties.KeySpec).toBe('ECC_NIST_P256');
    expect(key.DeletionPolicy).toBe(stage === 'aws' ? 'Retain' : 'Delete');
  });

  it('lets CloudWatch use the key of the alarms, and no other', () => {
    const open = keys.filter(([, { Properties }]) =>
      JSON.stringify(Properties.KeyPolicy).includes('cloudwatch.amazonaws.com'),
    );
    expect(open.map(([id]) => synthesised(stage).pathOf(id))).toEqual(['Remediation/TopicKey']);
  });
});

describe('data on AWS', () => {
  it('outlives the stack', () => {
    for (const type of ['AWS::S3::Bucket', 'AWS::DynamoDB::GlobalTable', 'AWS::KMS::Key']) {
      for (const [, resource] of synthesised('aws').ofType(type)) {
        expect(resource.DeletionPolicy).toBe('Retain');
        expect(resource.UpdateReplacePolicy).toBe('Retain');
      }
    }
  });
});
