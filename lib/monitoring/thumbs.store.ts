import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { expiryOf } from './capture.ts';
import { type GivenThumb, type LabelEffect, type Thumb, thumb } from './label.ts';
import { newestOf } from './label-index.store.ts';
import { partitionKey } from './predictions.store.ts';

const thumbsOf = (model: string) => `THUMBS#${model}`;

/** Thumbs, in the predictions table beside the labels. */
export class ThumbStore {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(documents: DynamoDBDocumentClient, table: string) {
    this.#documents = documents;
    this.#table = table;
  }

  /** Keeps a thumb; the same again changes nothing, the other one takes its place. */
  async put(given: GivenThumb): Promise<LabelEffect> {
    const { predictionId, row, model, givenAt } = given;
    const item = { ...given, expiresAt: expiryOf(givenAt) } satisfies Thumb;
    const key = { pk: partitionKey(predictionId), sk: `THUMB#${row}` };
    try {
      const { Attributes } = await this.#documents.send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...key, labelsOf: thumbsOf(model), labelledAt: givenAt, ...item },
          ConditionExpression: 'attribute_not_exists(pk) OR thumb <> :thumb',
          ExpressionAttributeValues: { ':thumb': given.thumb },
          ReturnValues: 'ALL_OLD',
        }),
      );
      return Attributes ? 'corrected' : 'new';
    } catch (thrown) {
      if (thrown instanceof ConditionalCheckFailedException) return 'repeated';
      throw thrown;
    }
  }

  /** Thumbs about a model from a time on, newest first. */
  async since(model: string, since: string, limit: number, now: Date): Promise<Thumb[]> {
    const query = { table: this.#table, labelsOf: thumbsOf(model), since, limit, now };
    return newestOf(this.#documents, query, (item) => thumb.parse(item));
  }
}
