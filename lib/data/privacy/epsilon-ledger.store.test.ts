import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { readWholeLedger, spendEpsilon } from './epsilon-ledger.store.ts';

const entry = { at: '2026-11-24T10:00:00.000Z', who: 'ann', thousandths: 400, what: 'profile' };

/** A bucket that keeps S3's conditions; `races` writers come in between. */
function aBucket(races = 0) {
  const s3 = new S3Client({ region: 'eu-central-1' });
  const mock = mockClient(s3);
  const objects = new Map<string, { body: string; etag: string }>();
  let left = races;
  const refuse = () =>
    Object.assign(new Error('At least one of the conditions does not hold'), { name: 'PreconditionFailed' });
  mock.on(GetObjectCommand).callsFake(({ Key }) => {
    const found = objects.get(Key);
    if (!found) throw new NoSuchKey({ message: 'none', $metadata: {} });
    return { ETag: found.etag, Body: { transformToByteArray: async () => Buffer.from(found.body) } };
  });
  mock.on(PutObjectCommand).callsFake(({ Key, Body, IfMatch, IfNoneMatch }) => {
    if (left-- > 0) throw refuse();
    const found = objects.get(Key);
    if (IfNoneMatch === '*' ? found : found?.etag !== IfMatch) throw refuse();
    objects.set(Key, { body: Body, etag: `e${objects.size}${Body.length}` });
    return {};
  });
  const spend = (datasetId: string, others: string[] = []) =>
    spendEpsilon(s3, 'data', { model: 'fruit', datasetId }, new Set(others), entry, 1000);
  return { s3, spend, objects };
}

describe('spendEpsilon', () => {
  it('adds entries, and refuses the one that is too much without writing it', async () => {
    const { spend, objects } = aBucket();
    await spend('ds-1');
    expect((await spend('ds-1')).spent).toHaveLength(2);
    await expect(spend('ds-1')).rejects.toMatchObject({ code: 'privacy-budget-spent' });
    expect(JSON.parse(objects.get('ledgers/fruit/ds-1.json')?.body ?? '').spent).toHaveLength(2);
  });

  it('counts what was spent of the dataset that rows were erased from', async () => {
    const { spend } = aBucket();
    await spend('ds-1');
    await spend('ds-1');
    await expect(spend('ds-2', ['ds-1'])).rejects.toMatchObject({ code: 'privacy-budget-spent' });
  });

  it('has one budget for datasets that hold rows of one another, whichever is published', async () => {
    const { spend, objects } = aBucket();
    await spend('ds-1', ['ds-2']);
    await spend('ds-2', ['ds-1']);
    await expect(spend('ds-1', ['ds-2'])).rejects.toMatchObject({ code: 'privacy-budget-spent' });
    await expect(spend('ds-2', ['ds-1'])).rejects.toThrow('0.2 of 1 is left for dataset ds-2');
    expect(JSON.parse(objects.get('ledgers/fruit/ds-2.json')?.body ?? '')).toMatchObject({ inherited: 400 });
  });

  it('publishes neither of two that are spent of at the same moment, when both are too much', async () => {
    const { spend } = aBucket();
    await spend('ds-1');
    const both = await Promise.allSettled([spend('ds-2', ['ds-1', 'ds-3']), spend('ds-3', ['ds-1', 'ds-2'])]);
    const published = both.filter(({ status }) => status === 'fulfilled');
    expect(published.length).toBeLessThanOrEqual(1);
    const refused = both.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
    expect(refused[0]).toContain('0.4 was spent at the same moment of a dataset that holds rows of');
  });

  it('is taken elsewhere with what was spent of the others', async () => {
    const { s3, spend } = aBucket();
    expect(
      await readWholeLedger(s3, 'data', { model: 'fruit', datasetId: 'ds-2' }, ['ds-1']),
    ).toBeUndefined();
    await spend('ds-1');
    expect(await readWholeLedger(s3, 'data', { model: 'fruit', datasetId: 'ds-2' }, ['ds-1'])).toMatchObject({
      datasetId: 'ds-2',
      inherited: 400,
      spent: [],
    });
  });

  it('reads again when somebody else wrote, and gives up when they do not stop', async () => {
    expect((await aBucket(2).spend('ds-1')).spent).toHaveLength(1);
    await expect(aBucket(99).spend('ds-1')).rejects.toMatchObject({ code: 'service-unavailable' });
  });
});
