import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { aDelivery, aRecord } from '../../lib/monitoring/fixtures/builders.ts';
import { handler } from './handler.ts';

const s3 = mockClient(S3Client);
const documents = mockClient(DynamoDBDocumentClient);
const context = {} as Parameters<typeof handler>[1];
let lines: string[] = [];

beforeEach(() => {
  s3.reset();
  documents.reset();
  lines = [];
  vi.stubEnv('DATA_BUCKET', 'data');
  vi.stubEnv('PREDICTIONS_TABLE', 'predictions');
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  s3.on(PutObjectCommand).resolves({});
  documents.on(BatchWriteCommand).resolves({});
});

const delivery = aDelivery([JSON.stringify(aRecord()), '{"kind":"prediction","model"', 'END RequestId: 1']);
const kept = () => ({
  objects: s3.commandCalls(PutObjectCommand).map((call) => call.args[0].input),
  items: documents.commandCalls(BatchWriteCommand).map((call) => call.args[0].input.RequestItems),
});

describe('record-predictions', () => {
  it('keeps an object and a receipt, and counts what it could not read', async () => {
    expect(await handler(delivery, context)).toEqual({ captured: 1, dropped: 1, objects: 1 });
    const { objects, items } = kept();
    expect(objects[0]?.Key).toMatch(/^captures\/iris\/dt=2026-11-23\/hour=10\//);
    expect(items[0]?.predictions).toHaveLength(1);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ Captured: 1, CaptureDropped: 1 }),
    ]);
  });

  it('counts a receipt that the table refuses as dropped and keeps the others', async () => {
    const bad = aRecord({ predictionId: 'p-bad' });
    documents.on(BatchWriteCommand).callsFake(({ RequestItems }) => {
      if (!JSON.stringify(RequestItems).includes('p-bad')) return {};
      throw Object.assign(new Error('no'), { name: 'ValidationException' });
    });
    const both = aDelivery([JSON.stringify(aRecord()), JSON.stringify(bad)]);
    expect(await handler(both, context)).toEqual({ captured: 1, dropped: 1, objects: 1 });
    const [refused, counted] = lines.map((line) => JSON.parse(line));
    expect(refused).toMatchObject({ level: 'error', predictionIds: ['p-bad'] });
    expect(counted).toMatchObject({ Captured: 1, CaptureDropped: 1 });
  });

  it('writes the same again when the delivery comes again', async () => {
    await handler(delivery, context);
    const first = kept();
    s3.resetHistory();
    documents.resetHistory();
    await handler(delivery, context);
    expect(kept()).toEqual(first);
  });

  it('fails, to be delivered again, when the object cannot be written, and leaves no receipt', async () => {
    s3.on(PutObjectCommand).rejects(new Error('down'));
    await expect(handler(delivery, context)).rejects.toThrow('down');
    expect(kept().items).toEqual([]);
  });
});
