import type { ModelDefinition } from '../model/definition.ts';
import { deployedModel } from '../model/deployed-model.ts';
import { packageManifest } from '../registry/registry.ts';
import { requireDigest } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { PackageReference, ReadObject } from './package.ts';

const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

/**
 * The definition in a package, for those who do not run its model. Nothing but digests is held against the registry:
 * who opens the package asks for its signature too.
 *
 * @throws EvergreenError `artifact-missing` or `artifact-damaged`.
 */
export async function readPackageDefinition(
  { packagePrefix, packageDigest }: Pick<PackageReference, 'packagePrefix' | 'packageDigest'>,
  read: ReadObject,
): Promise<ModelDefinition> {
  const [manifestKey, definitionKey] = [`${packagePrefix}manifest.json`, `${packagePrefix}definition.json`];
  const [manifestBytes, definitionBytes] = await Promise.all([read(manifestKey), read(definitionKey)]);
  requireDigest(manifestBytes, packageDigest, manifestKey);
  const { files, model } = packageManifest.parse(parse(manifestBytes));
  requireDigest(definitionBytes, files['definition.json']?.sha256 ?? 'none', definitionKey);
  const { definition } = deployedModel.parse(parse(definitionBytes));
  if (definition.name === model) return definition;
  throw new EvergreenError(
    'artifact-damaged',
    `package ${packagePrefix} of ${model} holds the definition of ${definition.name}`,
  );
}
