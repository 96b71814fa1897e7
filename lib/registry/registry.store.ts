import { setTimeout } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type BatchGetCommandInput,
  type BatchGetCommandOutput,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { backoffMs, type Pause } from '../shared/backoff.ts';
import { digestOf } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
import { type LiveChange, nextLive, type Transition, versionsNeeded } from './next-live.ts';
import {
  type Live,
  type LogEntry,
  live,
  type ModelVersion,
  neverLive,
  partitionKey,
  versionKey,
} from './registry.ts';
import {
  changeItems,
  laterTime,
  logKey,
  refusalOfTransaction,
  registrationItems,
  requestKey,
  resultKey,
  storedLogEntry,
  storedVersion,
  type TransactItems,
} from './registry-writes.ts';

/** Who changes what is live, why and when. */
export interface By {
  who: string;
  why: string;
  at: string;
  details?: Record<string, unknown>;
}

export type Registration = Omit<ModelVersion, 'version'>;

const storedRequest = z.object({ bodyDigest: z.string(), version: z.int() });
const attempts = 8;
const isoTime = (time: string) => new Date(time).toISOString();

/** The registry table: versions, what is live, and the log of every change. */
export class RegistryStore {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #pause: Pause;

  constructor(documents: DynamoDBDocumentClient, table: string, pause: Pause = setTimeout) {
    this.#documents = documents;
    this.#table = table;
    this.#pause = pause;
  }

  async #get(model: string, sk: string): Promise<Record<string, unknown> | undefined> {
    const answer = await this.#documents.send(
      new GetCommand({ TableName: this.#table, Key: { pk: partitionKey(model), sk }, ConsistentRead: true }),
    );
    return answer.Item;
  }

  /** What takes traffic; revision 0 when nothing ever did. */
  async readLive(model: string): Promise<Live> {
    const item = await this.#get(model, 'LIVE');
    return item ? live.parse(item) : neverLive(model, new Date(0).toISOString());
  }

  /** @throws EvergreenError `version-unknown`. */
  async readVersion(model: string, version: number): Promise<ModelVersion> {
    const item = await this.#get(model, versionKey(version));
    if (item) return storedVersion.parse(item);
    throw new EvergreenError(
      'version-unknown',
      `${model} has no version ${version}; \`evergreen models list ${model}\` names them`,
    );
  }

  async #query(
    model: string,
    from: string,
    to: string,
    options: { newestFirst: boolean; limit?: number | undefined },
  ) {
    const items: Record<string, unknown>[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#documents.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: { ':pk': partitionKey(model), ':from': from, ':to': to },
          ConsistentRead: true,
          ScanIndexForward: !options.newestFirst,
          Limit: options.limit,
          ExclusiveStartKey: start,
        }),
      );
      items.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start && (options.limit === undefined || items.length < options.limit));
    return items.slice(0, options.limit);
  }

  /** All versions, newest first. */
  async listVersions(model: string, limit?: number): Promise<ModelVersion[]> {
    const items = await this.#query(model, 'VERSION#', 'VERSION#~', { newestFirst: true, limit });
    return items.map((item) => storedVersion.parse(item));
  }

  /** The promotion log, newest first; `from` and `to` are ISO times, both inclusive. */
  async readLog(
    model: string,
    period: { from?: string | undefined; to?: string | undefined; limit?: number | undefined } = {},
  ): Promise<LogEntry[]> {
    // Keys hold whole milliseconds in UTC, however the caller writes the time.
    const from = period.from === undefined ? 'LOG#' : `LOG#${isoTime(period.from)}`;
    const to = period.to === undefined ? 'LOG#~' : `LOG#${isoTime(period.to)}~`;
    const items = await this.#query(model, from, to, { newestFirst: true, limit: period.limit });
    return items.map((item) => storedLogEntry.parse(item));
  }

  /** Adds a line to the log; the same line twice is one line, lines of two writers in one millisecond are two. */
  async appendLog(entry: LogEntry): Promise<void> {
    await this.#documents.send(
      new PutCommand({
        TableName: this.#table,
        Item: {
          pk: partitionKey(entry.model),
          sk: logKey(entry),
          ...storedLogEntry.encode(entry),
        },
      }),
    );
  }

  /** The version that a dataset and a definition led to before, if any. */
  async findResult(model: string, datasetId: string, definitionDigest: string): Promise<number | undefined> {
    const item = await this.#get(model, resultKey(datasetId, definitionDigest));
    return item === undefined ? undefined : z.object({ version: z.int() }).parse(item).version;
  }

  async #nextNumber(model: string): Promise<number> {
    const answer = await this.#documents.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: { pk: partitionKey(model), sk: 'COUNTER' },
        UpdateExpression: 'ADD lastVersion :one',
        ExpressionAttributeValues: { ':one': 1 },
        ReturnValues: 'UPDATED_NEW',
      }),
    );
    return z.object({ lastVersion: z.int() }).parse(answer.Attributes).lastVersion;
  }

  async #registeredBefore(registration: Registration, bodyDigest: string): Promise<ModelVersion | undefined> {
    const { model, lineage } = registration;
    const item = await this.#get(model, requestKey(lineage.runId));
    if (!item) return undefined;
    const request = storedRequest.parse(item);
    if (request.bodyDigest === bodyDigest) return this.readVersion(model, request.version);
    throw new EvergreenError(
      'request-conflict',
      `run ${lineage.runId} already registered version ${request.version} of ${model} with other content`,
    );
  }

  /**
   * Registers a version under the next number, once for each run: the same run and content give the same version.
   *
   * A number is drawn before the transaction, so a crash in between leaves a gap, never two versions of one number.
   *
   * @throws EvergreenError `request-conflict` when the run registered other content before.
   */
  async register(registration: Registration): Promise<ModelVersion> {
    const { model, lineage } = registration;
    const bodyDigest = digestOf({ packageDigest: registration.packageDigest, lineage });
    const before = await this.#registeredBefore(registration, bodyDigest);
    if (before) return before;

    const version: ModelVersion = { ...registration, version: await this.#nextNumber(model) };
    for (let attempt = 1; ; attempt += 1) {
      const refusal = await this.#transact(registrationItems(this.#table, version, bodyDigest));
      if (!refusal) return version;
      const winner = await this.#registeredBefore(registration, bodyDigest);
      if (winner) return winner;
      if (refusal === 'condition' || attempt === attempts) {
        throw new EvergreenError(
          'service-unavailable',
          `version of ${model} could not be registered just now; try again`,
        );
      }
      await this.#pause(backoffMs(attempt));
    }
  }

  /** Why nothing was written, or undefined when all was. */
  async #transact(items: TransactItems): Promise<'condition' | 'busy' | undefined> {
    try {
      await this.#documents.send(new TransactWriteCommand({ TransactItems: items }));
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof TransactionCanceledException)) throw thrown;
      const refusal = refusalOfTransaction(thrown.CancellationReasons);
      if (refusal === 'other') throw thrown;
      return refusal;
    }
  }

  async #versionsAtHand(model: string, numbers: number[]): Promise<Map<number, ModelVersion>> {
    const found = new Map<number, ModelVersion>();
    let requests: BatchGetCommandInput['RequestItems'] = {
      [this.#table]: {
        Keys: numbers.map((number) => ({ pk: partitionKey(model), sk: versionKey(number) })),
        // A version may be promoted the moment it is registered.
        ConsistentRead: true,
      },
    };
    for (let attempt = 1; numbers.length > 0; attempt += 1) {
      const answer: BatchGetCommandOutput = await this.#documents.send(
        new BatchGetCommand({ RequestItems: requests }),
      );
      for (const item of answer.Responses?.[this.#table] ?? []) {
        const version = storedVersion.parse(item);
        found.set(version.version, version);
      }
      requests = answer.UnprocessedKeys;
      if (!requests || Object.keys(requests).length === 0) break;
      // What was throttled must not pass for what is not there.
      if (attempt === attempts) {
        throw new EvergreenError(
          'service-unavailable',
          `versions of ${model} could not be read just now; try again`,
        );
      }
      await this.#pause(backoffMs(attempt));
    }
    return found;
  }

  /**
   * Changes what takes traffic and logs it, in one transaction. A change that holds already changes nothing.
   *
   * @throws EvergreenError `revision-conflict` when `expectedRevision` no longer holds; see nextLive for the others.
   */
  async change(model: string, change: LiveChange, by: By): Promise<Live> {
    for (let attempt = 1; ; attempt += 1) {
      const before = await this.readLive(model);
      const versions = await this.#versionsAtHand(model, versionsNeeded(before, change));
      const at = laterTime(isoTime(by.at), before.updatedAt);
      const transition = nextLive(before, change, versions, at);
      if (!transition) return before;
      const entry = toLogEntry(before, transition, { ...by, at });
      const refusal = await this.#transact(changeItems(this.#table, before, transition.live, entry));
      if (!refusal) return transition.live;
      if (attempt === attempts) {
        throw refusal === 'busy'
          ? new EvergreenError('service-unavailable', `${model} cannot be changed just now; try again`)
          : new EvergreenError(
              'revision-conflict',
              `${model} is being changed by others; read it again and repeat`,
            );
      }
      await this.#pause(backoffMs(attempt));
    }
  }
}

function toLogEntry(before: Live, { live: after, action, version }: Transition, by: By): LogEntry {
  return {
    model: before.model,
    at: by.at,
    revision: after.revision,
    action,
    version,
    championBefore: before.champion?.version ?? null,
    championAfter: after.champion?.version ?? null,
    who: by.who,
    why: by.why,
    details: by.details ?? {},
  };
}
