import { join } from 'node:path';
import { repositoryRoot } from '../local/home.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { loadModels } from '../model/model-folders.ts';
import { EvergreenError } from '../shared/errors.ts';

/** The definition of a model as it lies on this machine. */
export async function readDefinition(
  model: string,
  folder = join(repositoryRoot, 'models'),
): Promise<ModelDefinition> {
  const models = await loadModels(folder);
  const found = models.find(({ definition }) => definition.name === model);
  if (found) return found.definition;
  const names = models.map(({ definition }) => definition.name).join(', ');
  throw new EvergreenError('model-unknown', `no model is called ${model}; ${folder} has ${names}`);
}
