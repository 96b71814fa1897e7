import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { type ModelDefinition, modelDefinition } from './definition.ts';
import { refuseQuantisation } from './serve.ts';

/** A model as it lies on disk. */
export interface ModelFolder {
  definition: ModelDefinition;
  /** The model's own training script. @default - the built-in trainer */
  trainScript?: string;
  /** Packages its script needs beside those of the built-in trainers. @default - none */
  trainRequirements?: string;
}

/** A definition is TypeScript; projects without it write JavaScript. */
const definitionFiles = ['model.ts', 'model.js', 'model.mjs'];

const definitionIn = (folder: string) =>
  definitionFiles.map((name) => join(folder, name)).find((file) => existsSync(file));

async function loadModel(file: string): Promise<ModelFolder> {
  const folder = dirname(file);
  const name = basename(folder);
  let exported: { default?: unknown };
  try {
    exported = await import(pathToFileURL(file).href);
  } catch (cause) {
    throw new EvergreenError('definition-invalid', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
  const parsed = modelDefinition.safeParse(exported.default);
  if (!parsed.success) {
    throw new EvergreenError(
      'definition-invalid',
      `${file} does not export defineModel({...}) as its default`,
    );
  }
  if (parsed.data.name !== name) {
    throw new EvergreenError(
      'definition-invalid',
      `${file} names the model ${parsed.data.name}; its folder is ${name}: give both one name`,
    );
  }
  const [trainScript, trainRequirements] = ['train.py', 'requirements.txt'].map((own) => join(folder, own));
  const hasScript = trainScript !== undefined && existsSync(trainScript);
  const { serve, train } = parsed.data;
  // What an own program writes is known when it has run.
  const refusal = serve?.quantise && !hasScript ? refuseQuantisation(train.algorithm) : undefined;
  if (refusal) throw new EvergreenError('definition-invalid', `${file}: serve.quantise: ${refusal}`);
  return {
    definition: parsed.data,
    ...(hasScript ? { trainScript } : {}),
    ...(trainRequirements && existsSync(trainRequirements) ? { trainRequirements } : {}),
  };
}

/** Every model below a folder, in the order of their names. */
export async function loadModels(modelsFolder: string): Promise<ModelFolder[]> {
  const root = resolve(modelsFolder);
  if (!existsSync(root))
    throw new EvergreenError(
      'definition-invalid',
      `there is no folder ${root}; each model is one folder in it`,
    );
  const files = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => definitionIn(join(root, name)))
    .filter((file) => file !== undefined)
    .sort();
  if (files.length === 0)
    throw new EvergreenError('definition-invalid', `no folder in ${root} holds a model.ts`);
  return Promise.all(files.map(loadModel));
}
