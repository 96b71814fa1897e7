import { setTimeout } from 'node:timers/promises';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type BatchGetCommandInput,
  type BatchGetCommandOutput,
  BatchWriteCommand,
  type BatchWriteCommandInput,
  type BatchWriteCommandOutput,
  type DynamoDBDocumentClient,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { EvergreenError } from '../shared/errors.ts';
import { expiryOf, type Receipt, receipt } from './capture.ts';
import { type Label, type LabelEffect, label } from './label.ts';

/*
 * The predictions table, all items with the time-to-live attribute expiresAt:
 *
 *   pk PREDICTION#<prediction id>   sk CAPTURE       the receipt: what answered what
 *   pk PREDICTION#<prediction id>   sk LABEL#<row>   what turned out to be true of a row;
 *                                                    index byLabelTime has labelsOf = the model, labelledAt
 */
export const labelIndex = 'byLabelTime';

const writeLimit = 25;
const readLimit = 100;
const attempts = 6;

const partitionKey = (predictionId: string) => `PREDICTION#${predictionId}`;

function chunks<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** Time to live deletes up to days late, so what has expired is passed over here. */
const isKept = (item: { expiresAt: number }, now: Date) => item.expiresAt * 1000 > now.getTime();

const byNumber = z.object({ corrections: z.int() });

/** Receipts of predictions and the labels that came for them. */
export class PredictionStore {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #pause: (ms: number) => Promise<unknown>;

  constructor(
    documents: DynamoDBDocumentClient,
    table: string,
    pause: (ms: number) => Promise<unknown> = setTimeout,
  ) {
    this.#documents = documents;
    this.#table = table;
    this.#pause = pause;
  }

  /** Backs off, with jitter, before what the table left over is sent again. */
  async #backOff(attempt: number, what: string): Promise<void> {
    if (attempt === attempts) {
      throw new EvergreenError(
        'service-unavailable',
        `the predictions table left ${what} over ${attempts} times`,
      );
    }
    await this.#pause(Math.random() * 50 * 2 ** attempt);
  }

  /** Keeps receipts; the same receipt again overwrites itself. */
  async putReceipts(receipts: Receipt[]): Promise<void> {
    const once = [...new Map(receipts.map((item) => [item.predictionId, item])).values()];
    for (const chunk of chunks(once, writeLimit)) {
      let requests: BatchWriteCommandInput['RequestItems'] = {
        [this.#table]: chunk.map((item) => ({
          PutRequest: { Item: { pk: partitionKey(item.predictionId), sk: 'CAPTURE', ...item } },
        })),
      };
      for (let attempt = 1; ; attempt += 1) {
        const answer: BatchWriteCommandOutput = await this.#documents.send(
          new BatchWriteCommand({ RequestItems: requests }),
        );
        requests = answer.UnprocessedItems;
        if (!requests || Object.keys(requests).length === 0) break;
        await this.#backOff(attempt, 'writes');
      }
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
          const parsed = receipt.parse(item);
          if (isKept(parsed, now)) found.set(parsed.predictionId, parsed);
        }
        requests = answer.UnprocessedKeys;
        if (!requests || Object.keys(requests).length === 0) break;
        await this.#backOff(attempt, 'reads');
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
        if (item.sk === 'CAPTURE') found = receipt.parse(item);
        else labels.push(label.parse(item));
      }
      start = page.LastEvaluatedKey;
    } while (start);
    if (!found || !isKept(found, now)) return undefined;
    return {
      receipt: found,
      labels: labels.filter((item) => isKept(item, now)).sort((a, b) => a.row - b.row),
    };
  }

  /** Keeps a label. The one that is there already keeps its time; a different one takes its place and is counted. */
  async putLabel(given: Omit<Label, 'corrections' | 'expiresAt'>): Promise<LabelEffect> {
    try {
      const answer = await this.#documents.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: { pk: partitionKey(given.predictionId), sk: `LABEL#${given.row}` },
          UpdateExpression:
            'SET predictionId = :id, #row = :row, #label = :label, model = :model, labelsOf = :model, labelledAt = :at, expiresAt = :expires, corrections = if_not_exists(corrections, :minusOne) + :one',
          ConditionExpression: 'attribute_not_exists(pk) OR #label <> :label',
          ExpressionAttributeNames: { '#label': 'label', '#row': 'row' },
          ExpressionAttributeValues: {
            ':id': given.predictionId,
            ':row': given.row,
            ':label': given.label,
            ':model': given.model,
            ':at': given.labelledAt,
            ':expires': expiryOf(given.labelledAt),
            ':minusOne': -1,
            ':one': 1,
          },
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      return byNumber.parse(answer.Attributes).corrections === 0 ? 'new' : 'corrected';
    } catch (thrown) {
      if (thrown instanceof ConditionalCheckFailedException) return 'repeated';
      throw thrown;
    }
  }

  /**
   * Labels of a model from a time on, newest first. The index is eventually consistent: labels of the last seconds
   * may be missing.
   */
  async labelsSince(model: string, since: string, limit: number, now: Date): Promise<Label[]> {
    const labels: Label[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#documents.send(
        new QueryCommand({
          TableName: this.#table,
          IndexName: labelIndex,
          KeyConditionExpression: 'labelsOf = :model AND labelledAt >= :since',
          ExpressionAttributeValues: { ':model': model, ':since': since },
          ScanIndexForward: false,
          ExclusiveStartKey: start,
        }),
      );
      labels.push(...(page.Items ?? []).map((item) => label.parse(item)).filter((item) => isKept(item, now)));
      start = page.LastEvaluatedKey;
    } while (start && labels.length < limit);
    return labels.slice(0, limit);
  }
}
