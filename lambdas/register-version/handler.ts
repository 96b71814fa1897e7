import { z } from 'zod';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { lineage, type ModelVersion, modelVersion } from '../../lib/registry/registry.ts';
import { signPackage } from '../../lib/registry/sign-package.ts';
import { SigningKey } from '../../lib/registry/signing-key.store.ts';
import { documentClient, kmsClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { readRequiredBytes, writeObject } from '../../lib/shared/objects.ts';
import { stepHandler } from '../step.ts';

const request = modelVersion
  .pick({ model: true, packagePrefix: true, packageDigest: true, modelDigest: true, metrics: true })
  .extend({
    lineage: lineage.omit({ parentVersion: true }),
    championVersion: lineage.shape.parentVersion,
    author: z.string(),
  });

const variables = { REGISTRY_TABLE: z.string(), MODEL_BUCKET: z.string(), SIGNING_KEY: z.string() };

/** Signs and registers the version of a run, once; without a signature there is no version. */
export const handler = stepHandler(request, async ({ championVersion, ...input }): Promise<ModelVersion> => {
  const { REGISTRY_TABLE, MODEL_BUCKET: bucket, SIGNING_KEY } = readEnvironment(variables);
  const signingKey = new SigningKey(kmsClient(), SIGNING_KEY);
  await signPackage(
    {
      read: (key) => readRequiredBytes(s3Client(), { bucket, key }),
      sign: (manifest, packageDigest) => signingKey.sign(manifest, packageDigest),
      write: (key, signature) => writeObject(s3Client(), { bucket, key }, signature, 'application/json'),
    },
    input,
  );
  return new RegistryStore(documentClient(), REGISTRY_TABLE).register({
    ...input,
    lineage: { ...input.lineage, parentVersion: championVersion },
    createdAt: new Date().toISOString(),
  });
});
