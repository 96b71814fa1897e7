import type * as z from 'zod';
import { type EvaluationDocument, evaluationDocument } from '../../evaluation/evaluation.ts';
import { type DeployedModel, deployedModel } from '../../model/deployed-model.ts';
import { requireDigest } from '../../shared/digest.ts';
import { EvergreenError, messageOf } from '../../shared/errors.ts';
import { type Explanation, explanation } from '../../training/explanation.ts';
import { type TrainingRecord, trainingRecord } from '../../training/model-package.ts';
import { type TuningReport, tuningReport } from '../../training/tuning-report.ts';
import { type ModelVersion, type PackageManifest, packageManifest } from '../registry.ts';

/** What a package says of its version, besides the model itself. */
export interface CardDocuments {
  manifest: PackageManifest;
  deployed: DeployedModel;
  training: TrainingRecord;
  evaluation: EvaluationDocument;
  /** Null when the trainer explains nothing. */
  explanation: Explanation | null;
  /** Null when no search found the version. */
  tuning: TuningReport | null;
}

/** Reads one object of the model bucket; throws EvergreenError `artifact-missing` when it is not there. */
type ReadObject = (key: string) => Promise<Uint8Array>;

function parseAs<Schema extends z.ZodType>(schema: Schema, bytes: Uint8Array, key: string): z.infer<Schema> {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new EvergreenError(
      'artifact-damaged',
      `${key} is not the document it should be: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

/**
 * Reads the documents of a package, each held against its digest, from the registry down.
 *
 * @throws EvergreenError `artifact-missing` or `artifact-damaged`; the latter too for a document of an earlier release
 *   that is read no more.
 */
export async function readCardDocuments(
  { packagePrefix, packageDigest }: Pick<ModelVersion, 'packagePrefix' | 'packageDigest'>,
  read: ReadObject,
): Promise<CardDocuments> {
  const manifestKey = `${packagePrefix}manifest.json`;
  const manifestBytes = await read(manifestKey);
  requireDigest(manifestBytes, packageDigest, manifestKey);
  const manifest = parseAs(packageManifest, manifestBytes, manifestKey);

  async function optional<Schema extends z.ZodType>(
    name: string,
    schema: Schema,
  ): Promise<z.infer<Schema> | null> {
    const file = manifest.files[name];
    if (!file) return null;
    const bytes = await read(packagePrefix + name);
    requireDigest(bytes, file.sha256, packagePrefix + name);
    return parseAs(schema, bytes, packagePrefix + name);
  }
  async function required<Schema extends z.ZodType>(name: string, schema: Schema): Promise<z.infer<Schema>> {
    const found = await optional(name, schema);
    if (found !== null) return found;
    throw new EvergreenError('artifact-missing', `package ${packagePrefix} has no ${name}`);
  }
  const [deployed, training, evaluation, explained, tuning] = await Promise.all([
    required('definition.json', deployedModel),
    required('training.json', trainingRecord),
    required('evaluation.json', evaluationDocument),
    optional('explanation.json', explanation),
    optional('tuning.json', tuningReport),
  ]);
  return { manifest, deployed, training, evaluation, explanation: explained, tuning };
}
