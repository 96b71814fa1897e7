import { exportedModels } from '../inference/export.ts';
import type { ModelSource } from '../inference/live-models.ts';
import { folderReader, readPublicKey } from './export-folder.ts';
import type { ServerSettings } from './settings.ts';

/** Where a server's models come from. AWS's clients are loaded for those that lie there alone. */
export async function modelSourceOf({ source, trustFile }: ServerSettings): Promise<ModelSource> {
  const trusted = trustFile === undefined ? undefined : await readPublicKey(trustFile);
  switch (source.kind) {
    case 'folder':
      return exportedModels(folderReader(source.path), trusted);
    case 's3': {
      const { readBucket } = await import('./aws-source.ts');
      const read = readBucket(source.bucket);
      return exportedModels((key) => read(source.prefix + key), trusted);
    }
    case 'registry': {
      const { registrySource } = await import('./aws-source.ts');
      return registrySource(source);
    }
  }
}
