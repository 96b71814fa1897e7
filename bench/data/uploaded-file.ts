import { createReadStream } from 'node:fs';
import { open, stat, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { datasetKey } from '../../lib/data/dataset.ts';
import { definitionKey, deployModel } from '../../lib/model/deployed-model.ts';
import { definition } from './definition.ts';

/** Documents that a program leaves in S3, the upload that it reads from the disk, and the request that is made of it. */
export async function uploadedFile(file: string) {
  const deployed = deployModel(definition, { key: 'code', digest: 'c'.repeat(64), program: 'train.py' });
  const key = 'incoming/bench/rows.csv';
  const documents = new Map([[definitionKey('bench', deployed.digest), JSON.stringify(deployed)]]);
  const { size } = await stat(file);
  const s3 = new S3Client({ region: 'eu-central-1' });
  const mock = mockClient(s3);
  mock.on(HeadObjectCommand).resolves({ ContentLength: size, VersionId: 'v1' });
  mock.on(GetObjectCommand).callsFake(async ({ Key, Range }: { Key: string; Range?: string }) => {
    if (Key === key && Range === undefined) return { Body: createReadStream(file), ContentLength: size };
    const text = Key === key ? await headOf(file, Number(Range?.split('-')[1]) + 1) : documents.get(Key);
    if (text === undefined) throw new NoSuchKey({ message: Key, $metadata: {} });
    return { Body: { transformToByteArray: async () => Buffer.from(text) } };
  });
  mock.on(CopyObjectCommand).resolves({});
  mock
    .on(PutObjectCommand)
    .callsFake(async ({ Key, Body }: { Key: string; Body: string | Uint8Array | Readable }) => {
      if (!(Body instanceof Readable)) documents.set(Key, Buffer.from(Body).toString('utf8'));
      else for await (const _ of Body);
      return {};
    });
  return {
    s3,
    documents,
    request: {
      runId: 'bench-0000000000000000',
      model: 'bench',
      definitionDigest: deployed.digest,
      source: { bucket: 'data', key, versionId: 'v1' },
    },
    /** The report as it was written. */
    report: (datasetId: string) => documents.get(datasetKey('bench', datasetId, 'report.json')) ?? '',
  };
}

async function headOf(file: string, bytes: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Says what was counted, and keeps the report where a second argument says so. */
export async function tell(report: string, counts: Record<string, number>): Promise<void> {
  const [, to] = process.argv.slice(2);
  if (to !== undefined) await writeFile(to, report);
  process.stdout.write(`${JSON.stringify({ counts })}\n`);
}
