import type { S3Client } from '@aws-sdk/client-s3';
import type { Lineage } from '../registry/registry.ts';
import { readRequiredBytes, writeObject } from '../shared/objects.ts';
import { type ReadObject, type SealedPackage, sealPackage } from './package.ts';

/** Reads objects of the model bucket. */
export function packageReader(s3: S3Client, bucket: string): ReadObject {
  return (key) => readRequiredBytes(s3, { bucket, key });
}

/** Writes the files of a package, then its manifest: until that one is there nobody takes the others for a package. */
export async function writePackage(
  s3: S3Client,
  bucket: string,
  files: Readonly<Record<string, Uint8Array>>,
  { model, lineage }: { model: string; lineage: Lineage },
): Promise<Omit<SealedPackage, 'manifest'>> {
  const { packagePrefix, packageDigest, manifest } = sealPackage(model, files, lineage);
  const write = (name: string, bytes: Uint8Array) => {
    const type = name.endsWith('.json') ? 'application/json' : 'application/octet-stream';
    return writeObject(s3, { bucket, key: packagePrefix + name }, bytes, type);
  };
  await Promise.all(Object.entries(files).map(([name, bytes]) => write(name, bytes)));
  await write('manifest.json', manifest);
  return { packagePrefix, packageDigest };
}
