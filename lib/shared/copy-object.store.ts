import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';

/** S3 copies no more in one request. */
const greatestCopy = 5 * 1024 ** 3;
const partBytes = 1024 ** 3;

export interface Copying {
  bucket: string;
  from: string;
  to: string;
  bytes: number;
  contentType: string;
}

/** Copies an object within a bucket, a large one part by part. */
export async function copyObject(s3: S3Client, copying: Copying): Promise<void> {
  const { bucket, from, to, bytes, contentType } = copying;
  const source = `${bucket}/${from.split('/').map(encodeURIComponent).join('/')}`;
  const target = { Bucket: bucket, Key: to };
  if (bytes <= greatestCopy) {
    await s3.send(
      new CopyObjectCommand({
        ...target,
        CopySource: source,
        ContentType: contentType,
        MetadataDirective: 'REPLACE',
      }),
    );
    return;
  }
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({ ...target, ContentType: contentType }),
  );
  try {
    const parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let start = 0; start < bytes; start += partBytes) {
      const PartNumber = parts.length + 1;
      const { CopyPartResult } = await s3.send(
        new UploadPartCopyCommand({
          ...target,
          UploadId,
          PartNumber,
          CopySource: source,
          CopySourceRange: `bytes=${start}-${Math.min(start + partBytes, bytes) - 1}`,
        }),
      );
      parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
    }
    await s3.send(
      new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }),
    );
  } catch (thrown) {
    await s3.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
    throw thrown;
  }
}
