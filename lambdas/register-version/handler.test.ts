import {
  DynamoDBDocumentClient,
  GetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { aVersion } from '../../lib/registry/fixtures/builders.ts';
import { invoke, stubFunction } from '../../lib/shared/fixtures/invoke.ts';
import { handler } from './handler.ts';

const documents = mockClient(DynamoDBDocumentClient);
const { model, packagePrefix, packageDigest, modelDigest, metrics, lineage } = aVersion(1);
const { parentVersion: _, ...ownLineage } = lineage;
const event = {
  model,
  packagePrefix,
  packageDigest,
  modelDigest,
  metrics,
  championVersion: 4,
  author: 'upload',
  lineage: ownLineage,
};

beforeEach(() => {
  documents.reset();
  vi.restoreAllMocks();
  stubFunction('REGISTRY_TABLE');
  documents.on(GetCommand).resolves({});
  documents.on(UpdateCommand).resolves({ Attributes: { lastVersion: 5 } });
  documents.on(TransactWriteCommand).resolves({});
});

describe('register-version', () => {
  it('registers what the gate let pass, with the champion it was compared with as parent', async () => {
    expect(await invoke(handler, event)).toMatchObject({
      version: 5,
      author: 'upload',
      lineage: { ...ownLineage, parentVersion: 4 },
      createdAt: expect.stringMatching(/Z$/),
    });
    expect(await invoke(handler, { ...event, championVersion: null })).toMatchObject({
      lineage: { parentVersion: null },
    });
  });

  it.each([
    ['a metric that is none', { metrics: { accuracy: null } }],
    ['a digest that is none', { packageDigest: 'short' }],
    ['no lineage', { lineage: {} }],
  ])('registers nothing with %s (F13)', async (_name, over) => {
    await expect(invoke(handler, { ...event, ...over })).rejects.toMatchObject({
      name: 'Evergreen.InvalidInput',
    });
    expect(documents.calls()).toHaveLength(0);
  });
});
