import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { EvergreenError } from '../shared/errors.ts';
import { laterThan } from './arrival.ts';
import { emptyQueue, type Queue, queue } from './queue.ts';
import { type Run, type RunStatus, run } from './run.ts';

/*
 * The runs table:
 *
 *   pk RUN#<run id>    sk RUN         one line of the run list; index byTime has kind = RUN, createdAt
 *   pk RUN#<run id>    sk APPROVAL    the task token of a run that waits for a person
 *   pk QUEUE#<model>   sk QUEUE       which run is on, which wait
 *   pk OBJECT#<key>    sk LATEST      the newest sequencer seen of an uploaded object
 */

const approval = z.object({
  runId: z.string(),
  taskToken: z.string(),
  version: z.int(),
  expiresAt: z.iso.datetime(),
});
export type Approval = z.infer<typeof approval>;

/** Fields to set; undefined leaves a field as it is. */
export type RunChange = { [Field in keyof Omit<Run, 'runId' | 'model'>]?: Run[Field] | undefined };

const wasRefused = (thrown: unknown) => thrown instanceof ConditionalCheckFailedException;

/** The run list and the queues in front of the pipeline. */
export class RunStore {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(documents: DynamoDBDocumentClient, table: string) {
    this.#documents = documents;
    this.#table = table;
  }

  async #get(pk: string, sk: string): Promise<Record<string, unknown> | undefined> {
    const answer = await this.#documents.send(
      new GetCommand({ TableName: this.#table, Key: { pk, sk }, ConsistentRead: true }),
    );
    return answer.Item;
  }

  async find(runId: string): Promise<Run | undefined> {
    const item = await this.#get(`RUN#${runId}`, 'RUN');
    return item === undefined ? undefined : run.parse(item);
  }

  /** @throws EvergreenError `run-unknown`. */
  async read(runId: string): Promise<Run> {
    const found = await this.find(runId);
    if (found) return found;
    throw new EvergreenError('run-unknown', `no run has the id ${runId}; \`evergreen runs list\` names them`);
  }

  /** Runs, newest first. The index is eventually consistent: a run of the last second may be missing. */
  async list(filter: { model?: string | undefined; limit?: number | undefined } = {}): Promise<Run[]> {
    const limit = filter.limit ?? 20;
    const runs: Run[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#documents.send(
        new QueryCommand({
          TableName: this.#table,
          IndexName: 'byTime',
          KeyConditionExpression: 'kind = :run',
          ...(filter.model === undefined ? {} : { FilterExpression: 'model = :model' }),
          ExpressionAttributeValues: {
            ':run': 'RUN',
            ...(filter.model === undefined ? {} : { ':model': filter.model }),
          },
          ScanIndexForward: false,
          ExclusiveStartKey: start,
        }),
      );
      runs.push(...(page.Items ?? []).map((item) => run.parse(item)));
      start = page.LastEvaluatedKey;
    } while (start && runs.length < limit);
    return runs.slice(0, limit);
  }

  /** Adds a run; false when it is on the list already. */
  async add(added: Run): Promise<boolean> {
    try {
      await this.#documents.send(
        new PutCommand({
          TableName: this.#table,
          Item: { pk: `RUN#${added.runId}`, sk: 'RUN', kind: 'RUN', ...added },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      );
      return true;
    } catch (thrown) {
      if (wasRefused(thrown)) return false;
      throw thrown;
    }
  }

  /** Changes a run if it still has one of the given statuses; false when it does not. */
  async update(runId: string, from: RunStatus[], change: RunChange): Promise<boolean> {
    const entries = Object.entries(change).filter(([, value]) => value !== undefined);
    const allowed = Object.fromEntries(from.map((status, index) => [`:from${index}`, status]));
    try {
      await this.#documents.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: { pk: `RUN#${runId}`, sk: 'RUN' },
          UpdateExpression: `SET ${entries.map((_, index) => `#n${index} = :v${index}`).join(', ')}`,
          ConditionExpression: `attribute_exists(pk) AND #status IN (${Object.keys(allowed).join(', ')})`,
          ExpressionAttributeNames: {
            '#status': 'status',
            ...Object.fromEntries(entries.map(([name], index) => [`#n${index}`, name])),
          },
          ExpressionAttributeValues: {
            ...allowed,
            ...Object.fromEntries(entries.map(([, value], index) => [`:v${index}`, value])),
          },
        }),
      );
      return true;
    } catch (thrown) {
      if (wasRefused(thrown)) return false;
      throw thrown;
    }
  }

  async readQueue(model: string): Promise<Queue> {
    const item = await this.#get(`QUEUE#${model}`, 'QUEUE');
    return item === undefined ? emptyQueue : queue.parse(item);
  }

  /** Replaces a queue that nobody changed since it was read; false when somebody did. */
  async writeQueue(model: string, before: Queue, after: Queue): Promise<boolean> {
    try {
      await this.#documents.send(
        new PutCommand({
          TableName: this.#table,
          Item: { pk: `QUEUE#${model}`, sk: 'QUEUE', ...after, revision: before.revision + 1 },
          ConditionExpression: 'attribute_not_exists(pk) OR revision = :revision',
          ExpressionAttributeValues: { ':revision': before.revision },
        }),
      );
      return true;
    } catch (thrown) {
      if (wasRefused(thrown)) return false;
      throw thrown;
    }
  }

  /** Notes that an object version was seen; false when a later version of the object was seen before it. */
  async noteSequencer(object: string, sequencer: string): Promise<boolean> {
    const pk = `OBJECT#${object}`;
    for (;;) {
      const seen = z
        .object({ sequencer: z.string() })
        .optional()
        .parse(await this.#get(pk, 'LATEST'))?.sequencer;
      if (seen !== undefined && !laterThan(sequencer, seen)) return !laterThan(seen, sequencer);
      try {
        await this.#documents.send(
          new PutCommand({
            TableName: this.#table,
            Item: { pk, sk: 'LATEST', sequencer },
            ConditionExpression: seen === undefined ? 'attribute_not_exists(pk)' : 'sequencer = :seen',
            ...(seen === undefined ? {} : { ExpressionAttributeValues: { ':seen': seen } }),
          }),
        );
        return true;
      } catch (thrown) {
        // Somebody noted another version meanwhile: compare with that one.
        if (!wasRefused(thrown)) throw thrown;
      }
    }
  }

  /** Keeps the token that lets a waiting run go on; the newest one counts. */
  async keepApproval(kept: Approval): Promise<void> {
    await this.#documents.send(
      new PutCommand({ TableName: this.#table, Item: { pk: `RUN#${kept.runId}`, sk: 'APPROVAL', ...kept } }),
    );
  }

  /** @throws EvergreenError `run-not-waiting`, `run-unknown`. */
  async readApproval(runId: string): Promise<Approval> {
    const { status } = await this.read(runId);
    const item = await this.#get(`RUN#${runId}`, 'APPROVAL');
    if (status === 'waiting-for-approval' && item) return approval.parse(item);
    throw new EvergreenError(
      'run-not-waiting',
      `run ${runId} is ${status}; it does not wait for an approval`,
    );
  }
}
