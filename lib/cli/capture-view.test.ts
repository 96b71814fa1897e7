import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import iris from '../../models/iris/model.ts';
import { deployModel } from '../model/deployed-model.ts';
import { captureRow, readCaptures } from './capture-view.ts';
import type { Connection } from './connection.ts';

const s3 = mockClient(S3Client);
const now = new Date('2026-11-23T12:30:00Z');

describe('readCaptures', () => {
  it('adds up the last whole hours, over midnight and over pages, and says what a month costs', async () => {
    const code = { key: 'code/a.tar.gz', digest: 'a'.repeat(64), program: 'train.py' };
    const definition = { ...iris, monitor: { ...iris.monitor, capture: 0.25 } };
    const text = JSON.stringify(deployModel(definition, code));
    s3.on(GetObjectCommand, { Key: 'packages/iris/x/definition.json' }).callsFake(() => ({
      Body: { transformToByteArray: async () => new TextEncoder().encode(text) },
    }));
    s3.on(ListObjectsV2Command).resolves({});
    s3.on(ListObjectsV2Command, { Prefix: 'captures/iris/dt=2026-11-23/hour=11/' })
      .resolvesOnce({ Contents: [{ Size: 400_000 }], NextContinuationToken: 'more' })
      .resolvesOnce({ Contents: [{ Size: 100_000 }] });
    s3.on(ListObjectsV2Command, { Prefix: 'captures/iris/dt=2026-11-22/hour=12/' }).resolves({
      Contents: [{ Size: 500_000 }],
    });
    s3.on(ListObjectsV2Command, { Prefix: 'captures/iris/dt=2026-11-22/hour=11/' }).resolves({
      Contents: [{ Size: 1e12 }],
    });
    const connection = {
      s3: new S3Client({}),
      outputs: { DataBucket: 'data', ModelBucket: 'models', Models: 'iris' },
      registry: { readLive: async () => ({ champion: { packagePrefix: 'packages/iris/x/' } }) },
    } as unknown as Connection;
    const [found] = await readCaptures(connection, now);
    expect(found).toMatchObject({ model: 'iris', share: 0.25, bytes: 1_000_000, objects: 3 });
    expect(found?.costPerMonth).toBeGreaterThan(0.03);
    expect(found?.costPerMonth).toBeLessThan(0.05);
    expect(captureRow(found as NonNullable<typeof found>)).toEqual(['iris', '25 %', 1, 0.04]);
  });
});
