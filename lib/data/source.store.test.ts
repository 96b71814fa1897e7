import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../shared/digest.ts';
import { downloadSource } from './source.store.ts';

const source = { bucket: 'data', key: 'incoming/iris/iris.csv', versionId: 'v7' };
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'source-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Downloads what the service answers. */
function download(answer: () => unknown, maxBytes = 1000) {
  const s3 = new S3Client({ region: 'eu-central-1' });
  const mock = mockClient(s3);
  mock.on(GetObjectCommand).callsFake(answer);
  const path = join(folder, 'upload');
  return { mock, path, done: downloadSource(s3, source, path, maxBytes) };
}

const thrown = (name: string) => () => {
  throw Object.assign(new Error('no'), { name });
};

describe('downloadSource', () => {
  it('copies the version that was asked for, and digests it', async () => {
    const { mock, path, done } = download(() => ({
      Body: Readable.from([Buffer.from('ab'), Buffer.from('c')]),
      ContentLength: 3,
    }));
    expect(await done).toEqual({ bytes: 3, sha256: sha256('abc') });
    expect(await readFile(path, 'utf8')).toBe('abc');
    expect(mock.commandCalls(GetObjectCommand)[0]?.args[0].input).toEqual({
      Bucket: 'data',
      Key: 'incoming/iris/iris.csv',
      VersionId: 'v7',
    });
  });

  it.each(['NoSuchKey', 'NoSuchVersion', 'MethodNotAllowed'])(
    'takes %s for a deleted upload',
    async (name) => {
      await expect(download(thrown(name)).done).rejects.toMatchObject({
        code: 'upload-missing',
        kind: 'not-found',
      });
    },
  );

  it('passes on a refusal that says nothing about the object', async () => {
    await expect(download(thrown('AccessDenied')).done).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('does not read what is too large', async () => {
    const body = Readable.from([Buffer.from('abcd')]);
    expect(await download(() => ({ Body: body, ContentLength: 4 }), 3).done).toEqual({
      bytes: 4,
      sha256: null,
    });
    expect(body.destroyed).toBe(true);
  });

  it.each([
    ['breaks', () => Readable.from(failing())],
    ['ends early', () => Readable.from([Buffer.from('ab')])],
  ])('can be tried again when the stream %s', async (_, body) => {
    const { done } = download(() => ({ Body: body(), ContentLength: 3 }));
    await expect(done).rejects.toMatchObject({ code: 'service-unavailable', kind: 'unavailable' });
  });
});

function* failing(): Generator<Buffer> {
  yield Buffer.from('a');
  throw new Error('socket hang up');
}
