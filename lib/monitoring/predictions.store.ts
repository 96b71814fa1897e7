import { setTimeout } from 'node:timers/promises';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type BatchGetCommandInput,
  type BatchGetCommandOutput,
  BatchWriteCommand,
  type BatchWriteCommandInput,
  type BatchWriteCommandOutput,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
} from '@aws-sdk/lib-dynamodb';
import { backoffMs, type Pause } from '../shared/backoff.ts';
import { EvergreenError } from '../shared/errors.ts';
import { jsonText } from '../shared/json-text.ts';
import { expiryOf, type Receipt, receipt } from './capture.ts';
import { type GivenLabel, type Label, type LabelEffect, label, labelId, replaceLabel } from './label.ts';
import { isKept, newestOf } from './label-index.store.ts';

/*
 * The predictions table, all items with the time-to-live attribute expiresAt:
 *
 *   pk PREDICTION#<prediction id>   sk CAPTURE       the receipt: what answered what
 *   pk PREDICTION#<prediction id>   sk LABEL#<row>   what turned out to be true of a row;
 *                                                    index byLabelTime has labelsOf = the model, labelledAt
 *   pk PREDICTION#<prediction id>   sk THUMB#<row>   whether a person was content; in the same index, labelsOf =
 *                                                    THUMBS#<model>, which no model can be named
 */
const writeLimit = 25;
const readLimit = 100;
const attempts = 6;

export const partitionKey = (predictionId: string) => `PREDICTION#${predictionId}`;

function chunks<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/* What callers send lies as text in an item: its numbers may be any. */
const storedReceipt = receipt.extend({ content: jsonText(receipt.shape.content) });
const storedLabel = label.extend({
  label: jsonText(label.shape.label),
  replaced: jsonText(label.shape.replaced),
});

/** DynamoDB refuses what an item says; it would refuse it again. */
const isRefused = (thrown: unknown) => thrown instanceof Error && thrown.name === 'ValidationException';

/** Receipts of predictions and the labels that came for them. */
export class PredictionStore {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #pause: Pause;

  constructor(documents: DynamoDBDocumentClient, table: string, pause: Pause = setTimeout) {
    this.#documents = documents;
    this.#table = table;
    this.#pause = pause;
  }

  async #backOff(attempt: number, what: string): Promise<void> {
    if (attempt === attempts) throw new EvergreenError('service-unavailable', `${what} ${attempts} times`);
    await this.#pause(backoffMs(attempt));
  }

  /**
   * Keeps receipts; the same receipt again overwrites itself.
   *
   * @returns Ids of predictions whose receipts the table will never take. They do not hold up the others.
   */
  async putReceipts(receipts: Receipt[]): Promise<string[]> {
    const once = [...new Map(receipts.map((item) => [item.predictionId, item])).values()];
    const refused: string[] = [];
    for (const chunk of chunks(once, writeLimit)) {
      try {
        await this.#putChunk(chunk);
      } catch (thrown) {
        if (!isRefused(thrown)) throw thrown;
        // The table does not say which one it means: each by itself.
        if (chunk.length > 1) for (const item of chunk) refused.push(...(await this.putReceipts([item])));
        else refused.push(...chunk.map(({ predictionId }) => predictionId));
      }
    }
    return refused;
  }

  /**
   * Keeps a receipt unless one of the same prediction is there.
   *
   * @returns The one that was there; undefined when this one was new.
   */
  async addReceipt(item: Receipt): Promise<Receipt | undefined> {
    const key = { pk: partitionKey(item.predictionId), sk: 'CAPTURE' };
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#documents.send(
          new PutCommand({
            TableName: this.#table,
            Item: { ...key, ...storedReceipt.encode(item) },
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        );
        return undefined;
      } catch (thrown) {
        if (!(thrown instanceof ConditionalCheckFailedException)) throw thrown;
      }
      const { Item } = await this.#documents.send(
        new GetCommand({ TableName: this.#table, Key: key, ConsistentRead: true }),
      );
      if (Item) return storedReceipt.parse(Item);
      // It expired in between.
      await this.#backOff(attempt, `receipt ${item.predictionId} came and went`);
    }
  }

  async #putChunk(receipts: Receipt[]): Promise<void> {
    let requests: BatchWriteCommandInput['RequestItems'] = {
      [this.#table]: receipts.map((item) => ({
        PutRequest: {
          Item: { pk: partitionKey(item.predictionId), sk: 'CAPTURE', ...storedReceipt.encode(item) },
        },
      })),
    };
    for (let attempt = 1; ; attempt += 1) {
      const answer: BatchWriteCommandOutput = await this.#documents.send(
        new BatchWriteCommand({ RequestItems: requests }),
      );
      requests = answer.UnprocessedItems;
      if (!requests || Object.keys(requests).length === 0) return;
      await this.#backOff(attempt, 'the predictions table left writes over');
    }
  }

  /** The receipts there are, by prediction id. */
  async findReceipts(predictionIds: Iterable<string>, now: Date): Promise<Map<string, Receipt>> {
    const found = new Map<string, Receipt>();
    for (const chunk of chunks([...new Set(predictionIds)], readLimit)) {
      let requests: BatchGetCommandInput['RequestItems'] = {
        [this.#table]: { Keys: chunk.map((id) => ({ pk: partitionKey(id), sk: 'CAPTURE' })) },
      };
      for (let attempt = 1; ; attempt += 1) {
        const answer: BatchGetCommandOutput = await this.#documents.send(
          new BatchGetCommand({ RequestItems: requests }),
        );
        for (const item of answer.Responses?.[this.#table] ?? []) {
          const parsed = storedReceipt.parse(item);
          if (isKept(parsed, now)) found.set(parsed.predictionId, parsed);
        }
        requests = answer.UnprocessedKeys;
        if (!requests || Object.keys(requests).length === 0) break;
        await this.#backOff(attempt, 'the predictions table left reads over');
      }
    }
    return found;
  }

  /** A receipt with the labels of its rows, in order of the rows; undefined when there is none. */
  async findPrediction(
    predictionId: string,
    now: Date,
  ): Promise<{ receipt: Receipt; labels: Label[] } | undefined> {
    let found: Receipt | undefined;
    const labels: Label[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#documents.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': partitionKey(predictionId) },
          ExclusiveStartKey: start,
        }),
      );
      for (const item of page.Items ?? []) {
        if (item.sk === 'CAPTURE') found = storedReceipt.parse(item);
        else if (String(item.sk).startsWith('LABEL#')) labels.push(storedLabel.parse(item));
      }
      start = page.LastEvaluatedKey;
    } while (start);
    if (!found || !isKept(found, now)) return undefined;
    return {
      receipt: found,
      labels: labels.filter((item) => isKept(item, now)).sort((a, b) => a.row - b.row),
    };
  }

  /** Deletes a receipt and its labels; what is gone already stays gone. */
  async eraseReceipt(predictionId: string): Promise<void> {
    const pk = partitionKey(predictionId);
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#documents.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': pk },
          ProjectionExpression: 'sk',
          ConsistentRead: true,
          ExclusiveStartKey: start,
        }),
      );
      for (const { sk } of page.Items ?? []) {
        await this.#documents.send(new DeleteCommand({ TableName: this.#table, Key: { pk, sk } }));
      }
      start = page.LastEvaluatedKey;
    } while (start);
  }

  /** Keeps a label. The one that is there already keeps its time; a different one takes its place and is counted. */
  async putLabel(given: GivenLabel): Promise<LabelEffect> {
    const key = { pk: partitionKey(given.predictionId), sk: `LABEL#${given.row}` };
    let before: Label | undefined;
    for (let attempt = 1; ; attempt += 1) {
      if (before?.label === given.label) return 'repeated';
      const after = replaceLabel(before, given, expiryOf(given.labelledAt));
      if (await this.#writeLabel(key, before, after)) return before ? 'corrected' : 'new';
      if (attempt > 1) await this.#backOff(attempt, `label ${labelId(given)} was changed by others`);
      const { Item } = await this.#documents.send(
        new GetCommand({ TableName: this.#table, Key: key, ConsistentRead: true }),
      );
      before = Item && storedLabel.parse(Item);
    }
  }

  /** False when the label is not the one any more that this one was to take the place of. */
  async #writeLabel(key: object, before: Label | undefined, after: Label): Promise<boolean> {
    try {
      await this.#documents.send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...key, labelsOf: after.model, ...storedLabel.encode(after) },
          ...(before
            ? {
                ConditionExpression: 'corrections = :corrections',
                ExpressionAttributeValues: { ':corrections': before.corrections },
              }
            : { ConditionExpression: 'attribute_not_exists(pk)' }),
        }),
      );
      return true;
    } catch (thrown) {
      if (thrown instanceof ConditionalCheckFailedException) return false;
      throw thrown;
    }
  }

  /**
   * Labels of a model from a time on, newest first. The index is eventually consistent: labels of the last seconds
   * may be missing.
   */
  async labelsSince(model: string, since: string, limit: number, now: Date): Promise<Label[]> {
    const query = { table: this.#table, labelsOf: model, since, limit, now };
    return newestOf(this.#documents, query, (item) => storedLabel.parse(item));
  }

  /** The first labels of a model from a time on: asked again later, they are the same and more. */
  async firstLabelsSince(model: string, since: string, limit: number, now: Date): Promise<Label[]> {
    const query = { table: this.#table, labelsOf: model, since, limit, now, isOldestFirst: true };
    return newestOf(this.#documents, query, (item) => storedLabel.parse(item));
  }
}
