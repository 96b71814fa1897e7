import { Aws } from 'aws-cdk-lib';
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { DataRoom } from '../data/data.construct.ts';
import { allow } from '../platform/grants.ts';
import type { DocumentTable } from '../platform/table.ts';
import type { RegistryRoom } from '../registry/registry.construct.ts';

export interface EraserRoleProps {
  readonly data: DataRoom;
  readonly registry: RegistryRoom;
  readonly predictions: DocumentTable;
}

const read = ['incoming/', 'rewritten/', 'retrain/', 'datasets/', 'definitions/', 'captures/', 'erasures/'];
const written = [
  'incoming/',
  'rewritten/',
  'retrain/',
  'datasets/',
  'captures/',
  'erasures/',
  'certificates/',
];
/** What holds rows. Records of erasures and certificates are in no list of what may be deleted. */
const destroyed = ['incoming/', 'rewritten/', 'retrain/', 'datasets/', 'captures/'];

/**
 * Whom `evergreen data erase` and `data destroy` work as: it alone may delete what is kept. No function has it; people
 * of the account whom an administrator lets assume it do.
 */
export class EraserRole extends Role {
  constructor(scope: Construct, id: string, { data, registry, predictions }: EraserRoleProps) {
    super(scope, id, {
      description: 'Erases rows of persons and destroys datasets, by the command',
      assumedBy: new AccountPrincipal(Aws.ACCOUNT_ID),
    });
    for (const prefix of read) data.bucket.grantReadBelow(this, prefix);
    for (const prefix of written) data.bucket.grantWriteBelow(this, prefix);
    allow(this, {
      actions: ['s3:DeleteObjectVersion'],
      resources: destroyed.map((prefix) => data.bucket.arnForObjects(`${prefix}*`)),
      because:
        'Which objects hold rows of a person is known when they are asked for; records and definitions are not among them.',
    });
    allow(this, { actions: ['s3:ListBucketVersions'], resources: [data.bucket.bucketArn] });
    // What is left of a dataset is hashed anew.
    allow(this, { actions: ['kms:GenerateMac'], resources: [data.subjectKey.keyArn, data.hashKey.keyArn] });
    allow(this, { actions: ['cloudformation:DescribeStacks'], resources: [Aws.STACK_ID] });
    registry.table.grantItems(this, 'GetItem', 'Query', 'PutItem');
    predictions.grantItems(this, 'Query', 'DeleteItem');
  }
}
