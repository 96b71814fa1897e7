import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type DeployedModel, deployedModel } from './deployed-model.ts';

/** The file beside a function's code that holds what was deployed. */
export const modelsFile = 'models.json';

/** The models that this deployment knows, by name. */
export function readDeployedModels(folder: string): ReadonlyMap<string, DeployedModel> {
  const models = z.array(deployedModel).parse(JSON.parse(readFileSync(join(folder, modelsFile), 'utf8')));
  return new Map(models.map((model) => [model.definition.name, model]));
}
