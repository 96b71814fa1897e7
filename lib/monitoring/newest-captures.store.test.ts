import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { textBody } from '../shared/fixtures/invoke.ts';
import { readNewestCaptures } from './newest-captures.store.ts';

const s3 = mockClient(S3Client);
const period = { from: new Date('2026-11-23T09:30:00.000Z'), to: new Date('2026-11-23T11:10:00.000Z') };
const prefix = 'captures/iris/dt=2026-11-23/hour=';

const line = (predictionId: string, at: string) =>
  JSON.stringify({
    kind: 'prediction',
    predictionId,
    traceId: 't',
    model: 'iris',
    version: '1',
    modelDigest: 'd',
    datasetId: 'ds',
    variant: 'champion',
    at,
    latencyMs: 1,
    rows: [{}],
    predictions: [{ label: 'a' }],
  });

function stored(objects: Record<string, string[]>): void {
  for (const [key, lines] of Object.entries(objects)) {
    s3.on(GetObjectCommand, { Key: key }).callsFake(() => ({ Body: textBody(lines.join('\n')) }));
  }
  s3.on(ListObjectsV2Command).callsFake(({ Prefix }) => ({
    Contents: Object.keys(objects)
      .filter((key) => key.startsWith(Prefix))
      .map((Key) => ({ Key })),
  }));
}

const read = (most: number) => readNewestCaptures(new S3Client({}), 'bucket', 'iris', period, most);
const ids = async (most: number) => (await read(most)).map(({ predictionId }) => predictionId);

beforeEach(() => s3.reset());

describe('readNewestCaptures', () => {
  it('reads back hour by hour, newest first, each once and none from outside the period', async () => {
    stored({
      [`${prefix}11/1105-a.jsonl`]: [line('p4', '2026-11-23T11:05:00.000Z')],
      [`${prefix}11/1100-b.jsonl`]: [
        line('p3', '2026-11-23T11:00:00.000Z'),
        line('p4', '2026-11-23T11:05:00.000Z'),
      ],
      [`${prefix}09/0920-c.jsonl`]: [
        line('p1', '2026-11-23T09:20:00.000Z'),
        line('p2', '2026-11-23T09:40:00.000Z'),
      ],
    });
    expect(await ids(10)).toEqual(['p4', 'p3', 'p2']);
  });

  it('stops when it has enough', async () => {
    stored({
      [`${prefix}11/1105-a.jsonl`]: [
        line('p4', '2026-11-23T11:05:00.000Z'),
        line('p3', '2026-11-23T11:04:00.000Z'),
      ],
      [`${prefix}10/1000-b.jsonl`]: [line('p2', '2026-11-23T10:00:00.000Z')],
    });
    expect(await ids(1)).toEqual(['p4']);
    const listed = s3.commandCalls(ListObjectsV2Command).map(({ args }) => args[0].input.Prefix);
    expect(listed).toEqual([`${prefix}11/`]);
  });

  it('finds nothing where nothing was asked', async () => {
    stored({});
    expect(await ids(5)).toEqual([]);
  });
});
