import { exportedModels } from '../inference/export.ts';
import type { ModelSource } from '../inference/live-models.ts';
import { awsModelSource } from '../inference/model-source.store.ts';
import { packageReader } from '../inference/package.store.ts';
import { SigningKey } from '../registry/signing-key.store.ts';
import { documentClient, kmsClient, s3Client } from '../shared/clients.ts';
import { folderReader, readPublicKey } from './export-folder.ts';
import type { ServerSettings } from './settings.ts';

/** Where a server's models come from. */
export async function modelSourceOf({ source, trustFile }: ServerSettings): Promise<ModelSource> {
  const trusted = trustFile === undefined ? undefined : await readPublicKey(trustFile);
  switch (source.kind) {
    case 'folder':
      return exportedModels(folderReader(source.path), trusted);
    case 's3': {
      const read = packageReader(s3Client(), source.bucket);
      return exportedModels((key) => read(source.prefix + key), trusted);
    }
    case 'registry': {
      const key = new SigningKey(kmsClient(), source.signingKey);
      return awsModelSource({
        documents: documentClient(),
        s3: s3Client(),
        registryTable: source.registryTable,
        modelBucket: source.modelBucket,
        modelNames: source.modelNames,
        trust: () => key.trusted(),
      });
    }
  }
}
