import { z } from 'zod';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { lineage, type ModelVersion, modelVersion } from '../../lib/registry/registry.ts';
import { documentClient } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const request = modelVersion
  .pick({ model: true, packagePrefix: true, packageDigest: true, modelDigest: true, metrics: true })
  .extend({
    lineage: lineage.omit({ parentVersion: true }),
    championVersion: lineage.shape.parentVersion,
    author: z.string(),
  });

/** Registers the version of a run, once. */
export const handler = stepHandler(request, async ({ championVersion, ...input }): Promise<ModelVersion> => {
  const { REGISTRY_TABLE } = readEnvironment({ REGISTRY_TABLE: z.string() });
  return new RegistryStore(documentClient(), REGISTRY_TABLE).register({
    ...input,
    lineage: { ...input.lineage, parentVersion: championVersion },
    createdAt: new Date().toISOString(),
  });
});
