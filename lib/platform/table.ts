import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, type GlobalSecondaryIndexPropsV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { allow } from './grants.ts';
import type { StageSettings } from './stage.ts';

export interface DocumentTableProps {
  readonly stage: StageSettings;
  /** Attribute with the second after which an item may be deleted. @default none */
  readonly timeToLiveAttribute?: string;
  /** Indexes by name, with their partition and sort attributes. @default none */
  readonly indexes?: Record<string, { partition: string; sort: string }>;
}

/** What is done with items. A transaction is no action of its own: its puts and updates are. */
export type ItemAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'PutItem'
  | 'UpdateItem'
  | 'BatchWriteItem'
  | 'DeleteItem';

const text = (name: string) => ({ name, type: AttributeType.STRING });

/** A table with keys `pk` and `sk`: on demand, restorable to any second of the last 35 days. */
export class DocumentTable extends TableV2 {
  constructor(scope: Construct, id: string, props: DocumentTableProps) {
    const indexes: GlobalSecondaryIndexPropsV2[] = Object.entries(props.indexes ?? {}).map(
      ([indexName, keys]) => ({
        indexName,
        partitionKey: text(keys.partition),
        sortKey: text(keys.sort),
      }),
    );
    super(scope, id, {
      partitionKey: text('pk'),
      sortKey: text('sk'),
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: props.stage.removalPolicy === RemovalPolicy.RETAIN,
      removalPolicy: props.stage.removalPolicy,
      ...(props.timeToLiveAttribute === undefined ? {} : { timeToLiveAttribute: props.timeToLiveAttribute }),
      ...(indexes.length === 0 ? {} : { globalSecondaryIndexes: indexes }),
    });
  }
  /** Nobody scans a table or needs to describe it: the actions are named one by one. */
  grantItems(grantee: IGrantable, ...actions: ItemAction[]): void {
    allow(grantee, {
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: [this.tableArn],
    });
  }

  grantQueryIndex(grantee: IGrantable, index: string): void {
    allow(grantee, { actions: ['dynamodb:Query'], resources: [`${this.tableArn}/index/${index}`] });
  }
}
