import {
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readBytes, readDocument, readRequiredBytes, writeDocument } from './objects.ts';

const mock = mockClient(S3Client);
const s3 = new S3Client({ region: 'eu-central-1' });
const where = { bucket: 'data', key: 'a.json', versionId: 'v1' };
const schema = z.object({ version: z.int() });

function holds(text: string): void {
  const bytes = new TextEncoder().encode(text);
  mock.on(GetObjectCommand).callsFake(async () => ({ Body: { transformToByteArray: async () => bytes } }));
}

const failure = (name: string) =>
  new S3ServiceException({ name, message: name, $fault: 'client', $metadata: {} });

beforeEach(() => mock.reset());

describe('readBytes', () => {
  it('reads the very version', async () => {
    holds('abc');
    expect(await readBytes(s3, where)).toEqual(new TextEncoder().encode('abc'));
    const [call] = mock.commandCalls(GetObjectCommand);
    expect(call?.args[0].input).toEqual({ Bucket: 'data', Key: 'a.json', VersionId: 'v1' });
  });

  it('knows when there is none, and only then', async () => {
    mock.on(GetObjectCommand).rejectsOnce(new NoSuchKey({ message: 'x', $metadata: {} }));
    expect(await readBytes(s3, where)).toBeUndefined();
    mock.on(GetObjectCommand).rejectsOnce(failure('NoSuchVersion'));
    expect(await readBytes(s3, where)).toBeUndefined();
    mock.on(GetObjectCommand).rejects(failure('AccessDenied'));
    await expect(readBytes(s3, where)).rejects.toThrow('AccessDenied');
  });
});

describe('readRequiredBytes', () => {
  it('names what is missing', async () => {
    mock.on(GetObjectCommand).rejects(failure('NoSuchVersion'));
    await expect(readRequiredBytes(s3, where)).rejects.toMatchObject({
      code: 'artifact-missing',
      message: 'object a.json is not in bucket data',
      details: where,
    });
  });
});

describe('readDocument', () => {
  it('gives what the schema makes of it', async () => {
    holds('{"version":3,"more":true}');
    expect(await readDocument(s3, where, schema)).toEqual({ version: 3 });
  });

  it.each(['{"version":"3"}', '{"version"', ''])('refuses %j as damaged', async (text) => {
    holds(text);
    await expect(readDocument(s3, where, schema)).rejects.toMatchObject({
      code: 'artifact-damaged',
      message: expect.stringMatching(/^object a\.json is not the document it should be: /),
    });
  });
});

describe('writeDocument', () => {
  it('writes JSON and says so', async () => {
    mock.on(PutObjectCommand).resolves({});
    await writeDocument(s3, { bucket: 'data', key: 'a.json' }, { version: 3 });
    const [call] = mock.commandCalls(PutObjectCommand);
    expect(call?.args[0].input).toEqual({
      Bucket: 'data',
      Key: 'a.json',
      Body: '{"version":3}',
      ContentType: 'application/json',
    });
  });
});
