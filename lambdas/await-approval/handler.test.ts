import { DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { invoke, stubFunction } from '../../lib/shared/fixtures/invoke.ts';
import { handler } from './handler.ts';

const documents = mockClient(DynamoDBDocumentClient);
const event = { runId: 'iris-1', version: 3, taskToken: 'token', timeoutSeconds: 3600 };

beforeEach(() => {
  documents.reset();
  vi.restoreAllMocks();
  stubFunction('RUNS_TABLE');
});

describe('await-approval', () => {
  it('keeps the token before the run list says that the run waits, and tells how to approve', async () => {
    const order: string[] = [];
    documents.on(PutCommand).callsFake(({ Item }) => {
      order.push(`${Item.pk} ${Item.sk} ${Item.taskToken}`);
      return {};
    });
    documents.on(UpdateCommand).callsFake(({ ExpressionAttributeValues }) => {
      order.push(...Object.values(ExpressionAttributeValues).map(String));
      return {};
    });
    await invoke(handler, event);
    expect(order[0]).toBe('RUN#iris-1 APPROVAL token');
    expect(order).toContain('waiting-for-approval');
    expect(order.at(-1)).toMatch(/^version 3 waits for a person: evergreen models approve iris-1, until 20/);
  });
});
