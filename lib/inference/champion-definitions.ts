import type { ModelDefinition } from '../model/definition.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { LiveModels } from './live-models.ts';

/** Definitions of the champions that can be loaded: of what callers meet. */
export async function championDefinitions(
  models: LiveModels,
  names: readonly string[],
): Promise<ModelDefinition[]> {
  const definitions: ModelDefinition[] = [];
  // One after the other: together they might not fit into the memory budget.
  for (const name of names) {
    try {
      using served = await models.openChampion(name, await models.readLive(name));
      definitions.push(served.loaded.definition);
    } catch (thrown) {
      if (!(thrown instanceof EvergreenError)) throw thrown;
    }
  }
  return definitions;
}
