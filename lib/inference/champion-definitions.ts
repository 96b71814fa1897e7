import type { ModelDefinition } from '../model/definition.ts';
import type { LiveModels } from './live-models.ts';

/** Definitions of the champions that can be loaded: of what callers meet. */
export async function championDefinitions(
  models: LiveModels,
  names: readonly string[],
): Promise<ModelDefinition[]> {
  const served = await Promise.allSettled(
    names.map(async (name) => models.openChampion(name, await models.readLive(name))),
  );
  return served.flatMap((each) => (each.status === 'fulfilled' ? [each.value.loaded.definition] : []));
}
