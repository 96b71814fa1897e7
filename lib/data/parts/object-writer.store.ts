import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

/** S3 takes no smaller part but the last, and 10,000 at most. */
const defaultPieceBytes = 16 << 20;

export interface ObjectToWrite {
  bucket: string;
  key: string;
  metadata?: Record<string, string>;
  /** @default 16 MiB */
  pieceBytes?: number;
}

/** Writes an object whose length nobody knows yet, without holding it: piece by piece when it is long. */
export class ObjectWriter {
  readonly #s3: S3Client;
  readonly #object: ObjectToWrite;
  #waiting: Uint8Array[] = [];
  #size = 0;
  #uploadId: string | undefined;
  readonly #pieces: { PartNumber: number; ETag: string | undefined }[] = [];

  constructor(s3: S3Client, object: ObjectToWrite) {
    this.#s3 = s3;
    this.#object = object;
  }

  get #target() {
    return { Bucket: this.#object.bucket, Key: this.#object.key };
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    if (this.#size >= (this.#object.pieceBytes ?? defaultPieceBytes)) await this.#putPiece();
  }

  /** @returns The id of the version that was written. */
  async end(): Promise<string> {
    const { metadata: Metadata } = this.#object;
    if (this.#uploadId === undefined) {
      const Body = Buffer.concat(this.#waiting);
      const { VersionId } = await this.#s3.send(new PutObjectCommand({ ...this.#target, Body, Metadata }));
      return VersionId ?? 'null';
    }
    if (this.#size > 0) await this.#putPiece();
    const { VersionId } = await this.#s3.send(
      new CompleteMultipartUploadCommand({
        ...this.#target,
        UploadId: this.#uploadId,
        MultipartUpload: { Parts: this.#pieces },
      }),
    );
    return VersionId ?? 'null';
  }

  /** Gives up: what was written of a long object is not kept. */
  async abort(): Promise<void> {
    if (this.#uploadId === undefined) return;
    await this.#s3.send(new AbortMultipartUploadCommand({ ...this.#target, UploadId: this.#uploadId }));
  }

  async #putPiece(): Promise<void> {
    const Body = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#size = 0;
    if (this.#uploadId === undefined) {
      const { UploadId } = await this.#s3.send(
        new CreateMultipartUploadCommand({ ...this.#target, Metadata: this.#object.metadata }),
      );
      this.#uploadId = UploadId;
    }
    const PartNumber = this.#pieces.length + 1;
    const { ETag } = await this.#s3.send(
      new UploadPartCommand({ ...this.#target, UploadId: this.#uploadId, PartNumber, Body }),
    );
    this.#pieces.push({ PartNumber, ETag });
  }
}
