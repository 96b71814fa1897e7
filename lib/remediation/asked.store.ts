import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { partitionKey } from '../registry/registry.ts';
import { type Asked, asked } from './ask-retrain.ts';
import { type RetrainStep, retrainItem } from './judgements.store.ts';

/* In the registry table, below pk MODEL#<model>: sk ASKED, what labels and new code asked for. */
const sk = 'ASKED';

/** What labels and new code asked for. */
export class AskedStore {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(documents: DynamoDBDocumentClient, table: string) {
    this.#documents = documents;
    this.#table = table;
  }

  async read(model: string): Promise<Asked | undefined> {
    const { Item } = await this.#documents.send(
      new GetCommand({ TableName: this.#table, Key: { pk: partitionKey(model), sk }, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : asked.parse(Item);
  }

  /** Keeps what is asked for; false when something else was, by labels, code or an alarm, since it was decided. */
  async keep(model: string, kept: Asked, step: RetrainStep): Promise<boolean> {
    const before = kept.revision - 1;
    try {
      await this.#documents.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Put: {
                TableName: this.#table,
                Item: { pk: partitionKey(model), sk, ...kept },
                ConditionExpression: before === 0 ? 'attribute_not_exists(pk)' : 'revision = :before',
                ...(before === 0 ? {} : { ExpressionAttributeValues: { ':before': before } }),
              },
            },
            retrainItem(this.#table, model, step),
          ],
        }),
      );
      return true;
    } catch (thrown) {
      if (thrown instanceof TransactionCanceledException) return false;
      throw thrown;
    }
  }

  /** Marks what was asked for as sent, unless more was asked for since. */
  async finish(model: string, { revision }: Asked): Promise<void> {
    try {
      await this.#documents.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: { pk: partitionKey(model), sk },
          UpdateExpression: 'SET #status = :sent',
          ConditionExpression: 'revision = :revision',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: { ':sent': 'sent', ':revision': revision },
        }),
      );
    } catch (thrown) {
      if (!(thrown instanceof ConditionalCheckFailedException)) throw thrown;
    }
  }
}
