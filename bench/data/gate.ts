import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { datasetKey, datasetReport } from '../../lib/data/dataset.ts';
import { validateDataset } from '../../lib/data/validate-dataset.ts';
import { definitionKey, deployModel } from '../../lib/model/deployed-model.ts';
import { definition } from './definition.ts';

/*
 * One pass of a file through the gate as the function does it, from the download to the last file of the dataset, but for
 * S3: the upload comes from the disk, documents stay in memory, and files are read through and go no further.
 *
 *     node bench/data/gate.ts <file>
 */

const [file = ''] = process.argv.slice(2);
const deployed = deployModel(definition, { key: 'code', digest: 'c'.repeat(64), program: 'train.py' });
const uploaded = 'incoming/bench/rows.csv';
const documents = new Map([[definitionKey('bench', deployed.digest), JSON.stringify(deployed)]]);
const { size } = await stat(file);

const s3 = new S3Client({ region: 'eu-central-1' });
const mock = mockClient(s3);
mock.on(GetObjectCommand).callsFake(({ Key }: { Key: string }) => {
  if (Key === uploaded) return { Body: createReadStream(file), ContentLength: size };
  const text = documents.get(Key);
  if (text === undefined) throw new NoSuchKey({ message: Key, $metadata: {} });
  return { Body: { transformToByteArray: async () => Buffer.from(text) } };
});
mock
  .on(PutObjectCommand)
  .callsFake(async ({ Key, Body }: { Key: string; Body: string | Uint8Array | Readable }) => {
    if (!(Body instanceof Readable)) documents.set(Key, Buffer.from(Body).toString('utf8'));
    else for await (const _ of Body);
    return {};
  });

const { verdict, datasetId } = await validateDataset(
  {
    runId: 'bench',
    model: 'bench',
    definitionDigest: deployed.digest,
    source: { bucket: 'data', key: uploaded, versionId: 'v1' },
  },
  {
    s3,
    bucket: 'data',
    maxSourceBytes: 2 ** 40,
    memoryLimit: '1GB',
    readEarlier: async () => null,
    now: () => new Date(),
  },
);
const report = datasetReport.parse(
  JSON.parse(documents.get(datasetKey('bench', datasetId, 'report.json')) ?? ''),
);
if (verdict !== 'accepted') throw new Error(`the file was ${verdict}`);
process.stdout.write(`${JSON.stringify({ counts: report.problemsByRule })}\n`);
