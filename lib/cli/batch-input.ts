import { type FileHandle, open } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { EvergreenError } from '../shared/errors.ts';
import type { LocalFile } from '../shared/local-file.store.ts';
import type { Connection } from './connection.ts';
import type { Context } from './context.ts';

const mebibyte = 1024 ** 2;
/** What is larger goes up in pieces of this size, each tried again by itself. */
const pieceBytes = 32 * mebibyte;

/** Puts a file below a key; gives the version of the object. */
export async function putInput(
  { s3, outputs }: Connection,
  key: string,
  file: LocalFile,
  progress: Context['progress'],
  signal: AbortSignal,
): Promise<string> {
  const place = { Bucket: outputs.DataBucket, Key: key };
  const Metadata = { sha256: file.sha256 };
  const handle = await open(file.path);
  const aborts = { abortSignal: signal };
  try {
    if (file.bytes <= pieceBytes) {
      const Body = await readPiece(handle, 0, file);
      const ChecksumSHA256 = Buffer.from(file.sha256, 'hex').toString('base64');
      const put = new PutObjectCommand({ ...place, Body, Metadata, ChecksumSHA256 });
      return (await s3.send(put, aborts)).VersionId ?? '';
    }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...place, Metadata }), aborts);
    try {
      const Parts = [];
      for (let from = 0; from < file.bytes; from += pieceBytes) {
        progress({
          kind: 'step',
          text: `upload: ${Math.round(from / mebibyte)} of ${Math.round(file.bytes / mebibyte)} MiB`,
        });
        const PartNumber = from / pieceBytes + 1;
        const Body = await readPiece(handle, from, file);
        const sent = await s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body }), aborts);
        Parts.push({ PartNumber, ETag: sent.ETag, ChecksumCRC32: sent.ChecksumCRC32 });
      }
      const complete = { ...place, UploadId, MultipartUpload: { Parts } };
      return (await s3.send(new CompleteMultipartUploadCommand(complete), aborts)).VersionId ?? '';
    } catch (thrown) {
      await s3.send(new AbortMultipartUploadCommand({ ...place, UploadId }));
      throw thrown;
    }
  } finally {
    await handle.close();
  }
}

async function readPiece(handle: FileHandle, from: number, { path, bytes }: LocalFile): Promise<Buffer> {
  const piece = Buffer.alloc(Math.min(pieceBytes, bytes - from));
  let filled = 0;
  while (filled < piece.length) {
    const { bytesRead } = await handle.read(piece, filled, piece.length - filled, from + filled);
    if (bytesRead === 0) throw new EvergreenError('file-unreadable', `${path} became shorter meanwhile`);
    filled += bytesRead;
  }
  return piece;
}
