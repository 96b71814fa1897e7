import { type PackageReference, packagePrefixOf, type ReadObject } from '../inference/package.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { packageManifest } from '../registry/registry.ts';
import { digestOf, requireDigest } from '../shared/digest.ts';
import { type TrainingRecord, trainingRecord } from '../training/model-package.ts';

/** Versions, each gone on from the one before, that are followed back. */
const longestChain = 100;

const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** Where the package of the version lies that a training went on from; undefined when it began anew. */
export function continuedPackage(
  model: string,
  { continuedFrom }: Pick<TrainingRecord, 'continuedFrom'>,
): Package | undefined {
  if (!continuedFrom) return undefined;
  const { packageDigest } = continuedFrom;
  return { packageDigest, packagePrefix: packagePrefixOf(model, packageDigest) };
}

type Package = Pick<PackageReference, 'packagePrefix' | 'packageDigest'>;

/**
 * Manifests of the datasets that a version learned from: its own, and those of the versions it went on from.
 *
 * @throws EvergreenError `artifact-missing` or `artifact-damaged`.
 */
export async function datasetsBehind(version: Package | undefined, read: ReadObject): Promise<string[]> {
  const datasets: string[] = [];
  let next = version;
  while (next && datasets.length < longestChain) {
    const { packagePrefix, packageDigest } = next;
    const [manifestBytes, trainingBytes] = await Promise.all([
      read(`${packagePrefix}manifest.json`),
      read(`${packagePrefix}training.json`),
    ]);
    requireDigest(manifestBytes, packageDigest, `${packagePrefix}manifest.json`);
    const { files, lineage, model } = packageManifest.parse(parse(manifestBytes));
    requireDigest(trainingBytes, files['training.json']?.sha256 ?? 'none', `${packagePrefix}training.json`);
    datasets.push(lineage.datasetManifestKey);
    next = continuedPackage(model, trainingRecord.parse(parse(trainingBytes)));
  }
  return datasets;
}

/**
 * Whether no held-out row of one definition can be a train row of the other: both part rows by the same hash of what
 * identifies them.
 */
export function keepsSides(one: ModelDefinition, other: ModelDefinition): boolean {
  const sides = ({ data, identity }: ModelDefinition) => digestOf({ split: data.split, identity });
  return one.data.split.method === 'hash' && sides(one) === sides(other);
}
