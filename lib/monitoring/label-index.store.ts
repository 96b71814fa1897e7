import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';

/** Of the predictions table: labelsOf, labelledAt. */
export const labelIndex = 'byLabelTime';

/** Time to live deletes up to days late, so what has expired is passed over. */
export const isKept = (item: { expiresAt: number }, now: Date) => item.expiresAt * 1000 > now.getTime();

export interface NewestQuery {
  table: string;
  labelsOf: string;
  /** ISO time. */
  since: string;
  limit: number;
  now: Date;
  /** @default false */
  isOldestFirst?: boolean;
}

/** Items of the index from a time on, newest first unless it is asked otherwise. */
export async function newestOf<Item extends { expiresAt: number }>(
  documents: DynamoDBDocumentClient,
  { table, labelsOf, since, limit, now, isOldestFirst = false }: NewestQuery,
  parse: (item: unknown) => Item,
): Promise<Item[]> {
  const found: Item[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await documents.send(
      new QueryCommand({
        TableName: table,
        IndexName: labelIndex,
        KeyConditionExpression: 'labelsOf = :model AND labelledAt >= :since',
        ExpressionAttributeValues: { ':model': labelsOf, ':since': since },
        ScanIndexForward: isOldestFirst,
        ExclusiveStartKey: start,
      }),
    );
    found.push(...(page.Items ?? []).map(parse).filter((item) => isKept(item, now)));
    start = page.LastEvaluatedKey;
  } while (start && found.length < limit);
  return found.slice(0, limit);
}
