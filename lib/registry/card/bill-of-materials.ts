import type { Task } from '../../model/algorithms.ts';
import { sha256 } from '../../shared/digest.ts';
import type { PackageManifest } from '../registry.ts';
import type { ModelCard } from './model-card.ts';

/* A CycloneDX 1.6 bill of materials; https://cyclonedx.org/docs/1.6/json/ names the fields. */

const modelRef = 'model';
const datasetRef = 'dataset';

/** A name that is made from content: the same version has the same one. RFC 9562, version 8. */
function uuidOf(content: string): string {
  const hex = sha256(content);
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const sha256Hash = (content: string) => [{ alg: 'SHA-256', content }];
const properties = (entries: Record<string, string | number | null>) =>
  Object.entries(entries)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => ({ name: `evergreen:${name}`, value: String(value) }));

/** Only what was said: an empty statement is none. */
const statements = (...texts: (string | null)[]) => texts.filter((text) => text !== null);
const when = <Value, Part extends object>(value: Value | null, part: (value: Value) => Part) =>
  value === null ? {} : part(value);

/** Python itself is no package of the index. Source: the package URL types `pypi` and `generic`. */
function packageUrl(name: string, version: string): string {
  const [type, written] =
    name === 'python' ? ['generic', name] : ['pypi', name.toLowerCase().replaceAll('_', '-')];
  return `pkg:${type}/${encodeURIComponent(written)}@${encodeURIComponent(version)}`;
}

function libraryComponents({ training }: ModelCard) {
  return Object.entries(training.libraries).map(([name, version]) => {
    const purl = packageUrl(name, version);
    const type = name === 'python' ? 'platform' : 'library';
    return { type, 'bom-ref': purl, name, version, purl };
  });
}

function datasetComponent({ model, data, statements: said }: ModelCard) {
  const { datasetId, datasetManifestKey, trainRows, heldOutRows, judgedRows = heldOutRows } = data;
  return {
    type: 'data',
    'bom-ref': datasetRef,
    name: datasetId,
    data: [
      {
        type: 'dataset',
        name: datasetId,
        contents: {
          properties: properties({ manifest: datasetManifestKey, trainRows, heldOutRows, judgedRows }),
        },
        ...when(said.owner, (name) => ({ governance: { owners: [{ organization: { name } }] } })),
      },
    ],
    description: `Rows that ${model} was trained on and judged by`,
  };
}

/** What lies in the package, by digest, so that it can be checked without this product. */
function fileComponents(manifest: PackageManifest, { digests, lineage }: ModelCard) {
  const files = Object.entries(manifest.files).map(([name, { sha256: content }]) => [name, content] as const);
  return [...files, ['manifest.json', digests.package] as const].map(([name, content]) => ({
    type: 'file',
    'bom-ref': `file:${name}`,
    name: `${lineage.packagePrefix}${name}`,
    hashes: sha256Hash(content),
  }));
}

function performanceMetrics({ evaluation }: ModelCard) {
  const measured = (
    metrics: Record<string, number | null>,
    intervals: Record<string, { low: number; high: number }> | null,
    slice: string | null,
  ) =>
    Object.entries(metrics).flatMap(([type, value]) =>
      value === null
        ? []
        : [
            {
              type,
              value: String(value),
              ...when(slice, (name) => ({ slice: name })),
              ...when(intervals?.[type] ?? null, ({ low, high }) => ({
                confidenceInterval: { lowerBound: String(low), upperBound: String(high) },
              })),
            },
          ],
    );
  const slices = evaluation.slices.flatMap(({ feature, slice, metrics, intervals }) =>
    metrics === null ? [] : measured(metrics, intervals, `${feature}: ${slice}`),
  );
  return [...measured(evaluation.metrics, evaluation.intervals, null), ...slices];
}

const supervision: Record<Task, 'supervised' | 'unsupervised'> = {
  classification: 'supervised',
  regression: 'supervised',
  'text-classification': 'supervised',
  ranking: 'supervised',
  'anomaly-detection': 'unsupervised',
};

function modelCardOf(card: ModelCard) {
  const { task, training, statements: said, evaluation, data } = card;
  const useCases = statements(said.intendedUse);
  const technicalLimitations = statements(said.limitations, said.outOfScope);
  const considerations = {
    ...(useCases.length === 0 ? {} : { useCases }),
    ...(technicalLimitations.length === 0 ? {} : { technicalLimitations }),
    ...when(said.ethicalConsiderations, (name) => ({ ethicalConsiderations: [{ name }] })),
    ...(evaluation.groups.length === 0
      ? {}
      : {
          fairnessAssessments: evaluation.groups.map(({ feature, favourable, gaps }) => ({
            groupAtRisk: feature,
            harms: `greatest gap between groups in the share of ${favourable}: ${gaps.demographic_parity.value ?? 'not measured'}; among those truly ${favourable}: ${gaps.equal_opportunity.value ?? 'not measured'}`,
          })),
        }),
  };
  return {
    modelParameters: {
      approach: { type: supervision[task] },
      task,
      architectureFamily: training.algorithm,
      modelArchitecture: training.algorithm,
      datasets: [{ ref: datasetRef }],
      inputs: data.features.map(({ name, feature }) => ({ format: `${name}: ${feature.type}` })),
      outputs: [{ format: `${data.target.name}: ${data.target.type}` }],
    },
    quantitativeAnalysis: { performanceMetrics: performanceMetrics(card) },
    ...(Object.keys(considerations).length === 0 ? {} : { considerations }),
  };
}

function modelComponent(card: ModelCard, manifest: PackageManifest) {
  const { statements: said, lineage, digests, cost, training } = card;
  return {
    type: 'machine-learning-model',
    'bom-ref': modelRef,
    name: card.model,
    version: String(card.version),
    ...when(card.description, (description) => ({ description })),
    ...when(said.owner, (name) => ({ supplier: { name } })),
    ...when(said.license, (name) => ({ licenses: [{ license: { name } }] })),
    hashes: sha256Hash(digests.model),
    components: fileComponents(manifest, card),
    ...when(lineage.continuedFrom, ({ version, packageDigest }) => ({
      pedigree: {
        ancestors: [
          {
            type: 'machine-learning-model',
            name: card.model,
            version: String(version),
            properties: properties({ packageDigest }),
          },
        ],
      },
    })),
    modelCard: modelCardOf(card),
    properties: properties({
      packageDigest: digests.package,
      definitionDigest: digests.definition,
      codeDigest: digests.code,
      runId: lineage.runId,
      trainingJob: lineage.trainingJobName,
      comparedWithVersion: lineage.parentVersion,
      author: card.author,
      contact: said.contact,
      seed: training.seed,
      trainingSeconds: cost.trainingSeconds,
      cost: cost.money,
      ...Object.fromEntries(
        Object.entries(training.hyperparameters).map(([name, value]) => [
          `hyperparameter:${name}`,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ),
    }),
  };
}

/** What a version is made of: the model with its figures, the dataset and the libraries it was trained with. */
export function makeBillOfMaterials(card: ModelCard, manifest: PackageManifest) {
  const libraries = libraryComponents(card);
  const dependsOn = [datasetRef, ...libraries.map((library) => library['bom-ref'])];
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(`${card.model} ${card.version} ${card.digests.package}`)}`,
    version: 1,
    metadata: {
      timestamp: card.createdAt,
      tools: { components: [{ type: 'application', name: 'evergreen' }] },
      component: modelComponent(card, manifest),
    },
    components: [datasetComponent(card), ...libraries],
    dependencies: [{ ref: modelRef, dependsOn }, ...dependsOn.map((ref) => ({ ref, dependsOn: [] }))],
  };
}
