import * as z from 'zod';
import { writeCardFiles } from '../../lib/registry/card/card-files.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { lineage, type ModelVersion, modelVersion, versionOrigin } from '../../lib/registry/registry.ts';
import { signPackage } from '../../lib/registry/sign-package.ts';
import { SigningKey } from '../../lib/registry/signing-key.store.ts';
import { documentClient, kmsClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { messageOf } from '../../lib/shared/errors.ts';
import { readRequiredBytes, writeObject } from '../../lib/shared/objects.ts';
import { stepHandler } from '../step.ts';

const request = modelVersion
  .pick({ model: true, packagePrefix: true, packageDigest: true, modelDigest: true, metrics: true })
  .extend({
    lineage: lineage.omit({ parentVersion: true }),
    championVersion: lineage.shape.parentVersion,
    author: z.string(),
    /** Of a version that `evergreen data import` brings; a run names none. */
    importedFrom: versionOrigin.optional(),
  });

const variables = { REGISTRY_TABLE: z.string(), MODEL_BUCKET: z.string(), SIGNING_KEY: z.string() };

/**
 * Writes the version's card. A version is worth more than its card: what fails here is logged and holds nothing up, and
 * the command makes the card of any version anew.
 */
async function keepCard(bucket: string, version: ModelVersion): Promise<void> {
  try {
    await writeCardFiles(
      {
        read: (key) => readRequiredBytes(s3Client(), { bucket, key }),
        write: (key, text, type) => writeObject(s3Client(), { bucket, key }, text, type),
      },
      version,
    );
  } catch (thrown) {
    const message = `the card of ${version.model} version ${version.version} was not written: ${messageOf(thrown)}`;
    process.stdout.write(`${JSON.stringify({ level: 'error', message })}\n`);
  }
}

/** Signs and registers the version of a run, once, with its card; without a signature there is no version. */
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
  const version = await new RegistryStore(documentClient(), REGISTRY_TABLE).register({
    ...input,
    lineage: { ...input.lineage, parentVersion: championVersion },
    createdAt: new Date().toISOString(),
  });
  await keepCard(bucket, version);
  return version;
});
