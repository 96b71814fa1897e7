import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { planCapture } from './capture.ts';
import { CaptureStore } from './captures.store.ts';
import { aRecord } from './fixtures/builders.ts';

const s3 = mockClient(S3Client);
const store = new CaptureStore(new S3Client({}), 'data');
const period = { from: new Date('2026-11-22T12:00:00Z'), to: new Date('2026-11-23T12:00:00Z') };

/** Answers listings and reads from objects by key. */
function hold(objects: { key: string; body: string }[]): void {
  s3.on(ListObjectsV2Command).callsFake(({ Prefix }: { Prefix: string }) => ({
    Contents: objects.filter(({ key }) => key.startsWith(Prefix)).map(({ key }) => ({ Key: key })),
  }));
  s3.on(GetObjectCommand).callsFake(({ Key }: { Key: string }) => {
    const found = objects.find(({ key }) => key === Key);
    if (!found) throw new NoSuchKey({ message: Key, $metadata: {} });
    return { Body: { transformToByteArray: async () => new TextEncoder().encode(found.body) } };
  });
}

function objectsOf(...at: string[]) {
  return at.flatMap((time, index) => {
    const record = aRecord({ predictionId: `p${index}`, at: time });
    return planCapture({ records: [record], dropped: 0, eventIds: [`e${index}`] }).objects;
  });
}

beforeEach(() => s3.reset());

describe('CaptureStore', () => {
  it('lists the objects of each hour over the days, newest hour first', async () => {
    hold(
      objectsOf(
        '2026-11-22T11:59:59.999Z',
        '2026-11-22T12:00:00.000Z',
        '2026-11-22T23:59:00.000Z',
        '2026-11-23T00:01:00.000Z',
        '2026-11-23T00:02:00.000Z',
        '2026-11-23T13:00:00.001Z',
      ),
    );
    const hours = await store.listHours('iris', period);
    expect([...hours].map(([hour, names]) => [hour, names.length])).toEqual([
      ['2026-11-23T00:00:00.000Z', 2],
      ['2026-11-22T23:00:00.000Z', 1],
      ['2026-11-22T12:00:00.000Z', 1],
    ]);
  });

  const namesOf = (objects: { key: string }[]) =>
    objects.map(({ key }) => key.slice(key.lastIndexOf('/') + 1));

  it('reads an hour, and says so when there is more than it may read', async () => {
    const objects = objectsOf('2026-11-23T01:00:00.000Z', '2026-11-23T01:10:00.000Z');
    hold(objects);
    const hour = '2026-11-23T01:00:00.000Z';
    const whole = await store.readHour('iris', hour, namesOf(objects), 100);
    expect(whole.records.map(({ predictionId }) => predictionId)).toEqual(['p0', 'p1']);
    expect(whole.isCutOff).toBe(false);
    const part = await store.readHour('iris', hour, namesOf(objects), 1);
    expect(part.records.map(({ predictionId }) => predictionId)).toEqual(['p0']);
    expect(part.isCutOff).toBe(true);
  });

  it('takes a prediction that lies in two objects once, and does without one that expired', async () => {
    const [first] = objectsOf('2026-11-23T01:00:00.000Z');
    if (!first) throw new Error('no object');
    const objects = [first, { ...first, key: first.key.replace('.jsonl', 'b.jsonl') }];
    hold(objects);
    const names = [...namesOf(objects), 'gone.jsonl'];
    expect((await store.readHour('iris', '2026-11-23T01:00:00.000Z', names, 100)).records).toHaveLength(1);
  });

  it('fetches large content from the object', async () => {
    const rows = Array.from({ length: 3000 }, () => ({ note: 'x'.repeat(40) }));
    const { objects, receipts } = planCapture({
      records: [aRecord({ predictionId: 'small' }), aRecord({ rows })],
      dropped: 0,
      eventIds: ['e'],
    });
    hold(objects);
    const [, large] = receipts;
    if (!large) throw new Error('no receipt');
    expect((await store.complete(large)).content.rows).toHaveLength(3000);
  });
});

describe('readNewest', () => {
  const asked = { from: new Date('2026-11-23T09:30:00.000Z'), to: new Date('2026-11-23T11:10:00.000Z') };
  const prefix = 'captures/iris/dt=2026-11-23/hour=';
  const line = (predictionId: string, at: string) => JSON.stringify(aRecord({ predictionId, at }));
  const stored = (objects: Record<string, string[]>) =>
    hold(Object.entries(objects).map(([key, lines]) => ({ key, body: lines.join('\n') })));
  const ids = async (most: number) =>
    (await store.readNewest('iris', asked, most)).map(({ predictionId }) => predictionId);

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
