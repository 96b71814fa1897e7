import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { partitionKey } from '../registry/registry.ts';
import { type AlarmChange, alarmChange } from './alarm-change.ts';
import type { Retrains } from './budget.ts';
import { type Judgement, judgement } from './judgement.ts';

/*
 * In the registry table, below pk MODEL#<model>:
 *
 *   ACTION#<alarm>#<time of change>   what was decided about the change, and whether it is done
 *   ALARM#<alarm>                     the newest change of the alarm that was judged
 *   RETRAIN                           the last retrain that an alarm, labels or new code asked for
 *   KEPT#<alarm>                      the newest change that waits for a run to end
 */

const lastChange = z.object({ changedAt: z.string() });
const retrains = z.object({
  lastRetrainAt: z.iso.datetime(),
  championVersion: z.int(),
  attempts: z.int(),
  recent: z.array(z.iso.datetime()).optional(),
  runId: z.string().optional(),
});
const keptChange = z.object({ status: z.enum(['kept', 'judged']), change: alarmChange });

const actionKey = (alarm: string, changedAt: string) => `ACTION#${alarm}#${changedAt}`;
const alarmKey = (alarm: string) => `ALARM#${alarm}`;
const retrainKey = 'RETRAIN';
const keptKey = (alarm: string) => `KEPT#${alarm}`;

/** How a judgement moves on the record of retrains: it holds only if that record is still the one it was made from. */
export interface RetrainStep {
  before: Retrains | undefined;
  after: Retrains;
}

/** The write of that record, which holds only if nobody else asked for a retrain since. */
export function retrainItem(
  table: string,
  model: string,
  { before, after }: RetrainStep,
): NonNullable<TransactWriteCommandInput['TransactItems']>[number] {
  return {
    Put: {
      TableName: table,
      Item: { pk: partitionKey(model), sk: retrainKey, ...after },
      ConditionExpression: before
        ? 'lastRetrainAt = :before AND attempts = :attempts'
        : 'attribute_not_exists(pk)',
      ...(before
        ? { ExpressionAttributeValues: { ':before': before.lastRetrainAt, ':attempts': before.attempts } }
        : {}),
    },
  };
}

/** What was decided about alarms. */
export class JudgementStore {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(documents: DynamoDBDocumentClient, table: string) {
    this.#documents = documents;
    this.#table = table;
  }

  async #get(model: string, sk: string): Promise<Record<string, unknown> | undefined> {
    const answer = await this.#documents.send(
      new GetCommand({ TableName: this.#table, Key: { pk: partitionKey(model), sk }, ConsistentRead: true }),
    );
    return answer.Item;
  }

  async find(model: string, alarm: string, changedAt: string): Promise<Judgement | undefined> {
    const item = await this.#get(model, actionKey(alarm, changedAt));
    return item === undefined ? undefined : judgement.parse(item);
  }

  /** Time of the newest change of an alarm that was judged. */
  async newestChange(model: string, alarm: string): Promise<string | undefined> {
    const item = await this.#get(model, alarmKey(alarm));
    return item === undefined ? undefined : lastChange.parse(item).changedAt;
  }

  async readRetrains(model: string): Promise<Retrains | undefined> {
    const item = await this.#get(model, retrainKey);
    return item === undefined ? undefined : retrains.parse(item);
  }

  /**
   * Keeps a judgement that is not done yet; false when the change was judged meanwhile, a newer one of the alarm was,
   * or another alarm asked for a retrain.
   */
  async keep(made: Judgement, step: RetrainStep | undefined, isStale: boolean): Promise<boolean> {
    const key = (sk: string) => ({ pk: partitionKey(made.model), sk });
    const items: NonNullable<TransactWriteCommandInput['TransactItems']> = [
      {
        Put: {
          TableName: this.#table,
          Item: { ...key(actionKey(made.alarm, made.changedAt)), ...made },
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      },
    ];
    if (!isStale) {
      items.push({
        Put: {
          TableName: this.#table,
          Item: { ...key(alarmKey(made.alarm)), changedAt: made.changedAt },
          ConditionExpression: 'attribute_not_exists(pk) OR changedAt <= :changedAt',
          ExpressionAttributeValues: { ':changedAt': made.changedAt },
        },
      });
    }
    if (step) items.push(retrainItem(this.#table, made.model, step));
    try {
      await this.#documents.send(new TransactWriteCommand({ TransactItems: items }));
      return true;
    } catch (thrown) {
      if (thrown instanceof TransactionCanceledException) return false;
      throw thrown;
    }
  }

  /** Marks a judgement as done; false when somebody did so before. */
  async finish(made: Judgement, outcome: string): Promise<boolean> {
    try {
      await this.#documents.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: { pk: partitionKey(made.model), sk: actionKey(made.alarm, made.changedAt) },
          UpdateExpression: 'SET #status = :done, outcome = :outcome',
          ConditionExpression: '#status = :decided',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: { ':done': 'done', ':decided': 'decided', ':outcome': outcome },
        }),
      );
      return true;
    } catch (thrown) {
      if (thrown instanceof ConditionalCheckFailedException) return false;
      throw thrown;
    }
  }

  /** Keeps a change of an alarm until a run has ended; an older one than is kept already is let go. */
  async keepWaiting(model: string, change: AlarmChange): Promise<void> {
    try {
      await this.#documents.send(
        new PutCommand({
          TableName: this.#table,
          Item: {
            pk: partitionKey(model),
            sk: keptKey(change.alarm),
            status: 'kept',
            changedAt: change.changedAt,
            change,
          },
          ConditionExpression: 'attribute_not_exists(pk) OR changedAt <= :changedAt',
          ExpressionAttributeValues: { ':changedAt': change.changedAt },
        }),
      );
    } catch (thrown) {
      if (!(thrown instanceof ConditionalCheckFailedException)) throw thrown;
    }
  }

  /** Changes of a model that wait, oldest first. There is one for each alarm at most, so they are few. */
  async listWaiting(model: string): Promise<AlarmChange[]> {
    const answer = await this.#documents.send(
      new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :kept)',
        ExpressionAttributeValues: { ':pk': partitionKey(model), ':kept': keptKey('') },
        ConsistentRead: true,
      }),
    );
    return (answer.Items ?? [])
      .map((item) => keptChange.parse(item))
      .flatMap(({ status, change }) => (status === 'kept' ? [change] : []))
      .sort((a, b) => a.changedAt.localeCompare(b.changedAt));
  }

  /** A change does not wait any more; a newer one that came meanwhile still does. */
  async stopWaiting(model: string, { alarm, changedAt }: AlarmChange): Promise<void> {
    try {
      await this.#documents.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: { pk: partitionKey(model), sk: keptKey(alarm) },
          UpdateExpression: 'SET #status = :judged',
          ConditionExpression: 'changedAt = :changedAt',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: { ':judged': 'judged', ':changedAt': changedAt },
        }),
      );
    } catch (thrown) {
      if (!(thrown instanceof ConditionalCheckFailedException)) throw thrown;
    }
  }
}
