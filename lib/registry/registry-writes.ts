import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { jsonText } from '../shared/json-text.ts';
import {
  type Live,
  type LogEntry,
  logEntry,
  type ModelVersion,
  modelVersion,
  partitionKey,
  versionKey,
} from './registry.ts';

/* What the store sends, apart from the sending. */

/* Figures lie as text in an item: they may be any numbers. */
export const storedVersion = modelVersion.extend({ metrics: jsonText(modelVersion.shape.metrics) });
export const storedLogEntry = logEntry.extend({ details: jsonText(logEntry.shape.details.unwrap()) });

export type TransactItems = NonNullable<TransactWriteCommandInput['TransactItems']>;

export const requestKey = (runId: string) => `REQUEST#${runId}`;
export const resultKey = (datasetId: string, definitionDigest: string) =>
  `RESULT#${datasetId}#${definitionDigest}`;

/** Lines sort by time, then by revision; two people or alarms of one millisecond have a line each. */
export function logKey({ at, revision, action, version, who }: LogEntry): string {
  return `LOG#${at}#${String(revision).padStart(8, '0')}#${action}#${version ?? ''}#${who}`;
}

/** The later of two ISO times, so that the log is in the order of revisions whatever a clock says. */
export function laterTime(time: string, other: string): string {
  return Date.parse(time) < Date.parse(other) ? other : time;
}

function put(table: string, pk: string, sk: string, item: object, condition?: string): TransactItems[number] {
  return {
    Put: {
      TableName: table,
      Item: { pk, sk, ...item },
      ...(condition === undefined ? {} : { ConditionExpression: condition }),
    },
  };
}

function logItem(table: string, entry: LogEntry): TransactItems[number] {
  return put(table, partitionKey(entry.model), logKey(entry), storedLogEntry.encode(entry));
}

function whereFrom({ lineage, importedFrom }: ModelVersion): Pick<LogEntry, 'action' | 'why'> {
  if (!importedFrom) return { action: 'registered', why: `run ${lineage.runId} passed its gate` };
  const { stack, account, region, version } = importedFrom;
  return {
    action: 'imported',
    why: `it was version ${version} of ${stack} in ${region}, account ${account}; it takes no traffic until somebody promotes it`,
  };
}

/**
 * A version, the request that made it, what it came from, and its line in the log. An imported one is no result of a run
 * here: the same data is trained on as if it were not there.
 */
export function registrationItems(table: string, version: ModelVersion, bodyDigest: string): TransactItems {
  const { model, lineage, importedFrom } = version;
  const pk = partitionKey(model);
  const once = 'attribute_not_exists(pk)';
  const entry: LogEntry = {
    model,
    at: version.createdAt,
    revision: 0,
    ...whereFrom(version),
    version: version.version,
    championBefore: null,
    championAfter: null,
    who: version.author,
    details: { packageDigest: version.packageDigest, ...(importedFrom ? { importedFrom } : {}) },
  };
  const result = { version: version.version };
  return [
    put(table, pk, versionKey(version.version), storedVersion.encode(version), once),
    put(table, pk, requestKey(lineage.runId), { bodyDigest, ...result }, once),
    ...(importedFrom ? [] : [put(table, pk, resultKey(lineage.datasetId, lineage.definitionDigest), result)]),
    logItem(table, entry),
  ];
}

/** What takes traffic from now on, if nobody changed it since it was read, and the line that says so. */
export function changeItems(table: string, before: Live, after: Live, entry: LogEntry): TransactItems {
  const pk = partitionKey(before.model);
  return [
    {
      Put: {
        TableName: table,
        Item: { pk, sk: 'LIVE', ...after },
        ConditionExpression: 'attribute_not_exists(pk) OR revision = :revision',
        ExpressionAttributeValues: { ':revision': before.revision },
      },
    },
    logItem(table, entry),
  ];
}

export type Refusal = 'condition' | 'busy' | 'other';

/** Why a transaction was cancelled: a condition did not hold, it may be tried again, or neither. */
export function refusalOfTransaction(reasons: readonly { Code?: string | undefined }[] | undefined): Refusal {
  const codes = (reasons ?? []).map(({ Code }) => Code ?? 'None').filter((code) => code !== 'None');
  if (codes.includes('ConditionalCheckFailed')) return 'condition';
  const passing = ['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'];
  return codes.length > 0 && codes.every((code) => passing.includes(code)) ? 'busy' : 'other';
}
