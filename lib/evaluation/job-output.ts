import { gunzipSync } from 'node:zlib';
import type * as z from 'zod';
import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { digestOf } from '../shared/digest.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { pickFromTar } from '../shared/tar.ts';
import { type Explanation, explanation } from '../training/explanation.ts';
import {
  type GoldenAnswers,
  goldenAnswers,
  type TrainingRecord,
  trainingRecord,
  trainingState,
} from '../training/model-package.ts';

/** What a training job left, as it was written. */
export interface JobOutput {
  files: Record<'model.onnx' | 'golden.json' | 'training.json', Uint8Array> &
    Partial<Record<'state.json' | 'explanation.json', Uint8Array>>;
  golden: GoldenAnswers;
  training: TrainingRecord;
  /** Undefined when the trainer explains nothing. */
  explanation: Explanation | undefined;
  /** The model with 8-bit weights and its own golden answers; undefined when the trainer left none. */
  int8: Quantised | undefined;
}

export interface Quantised {
  model: Uint8Array;
  goldenFile: Uint8Array;
  golden: GoldenAnswers;
}

const mostBytes = 400 * 1024 * 1024;

function parse<Schema extends z.ZodType>(name: string, bytes: Uint8Array, schema: Schema): z.infer<Schema> {
  try {
    return schema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new EvergreenError(
      'training-output-invalid',
      `${name} is not as it should be: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

/** The key of what a job left, as SageMaker names it: `s3://<model bucket>/jobs/<model>/<job>/output/model.tar.gz`. */
export function artifactKey(uri: string, bucket: string): string {
  const prefix = `s3://${bucket}/`;
  if (uri.startsWith(`${prefix}jobs/`)) return uri.slice(prefix.length);
  throw new EvergreenError('request-invalid', `${uri} is no job's output; it must lie below ${prefix}jobs/`);
}

/**
 * Reads a job's model.tar.gz in memory.
 *
 * @throws EvergreenError `training-output-invalid` that says what is missing or wrong.
 */
export function readJobOutput(archive: Uint8Array, limitBytes = mostBytes): JobOutput {
  let tar: Uint8Array;
  try {
    tar = gunzipSync(archive, { maxOutputLength: limitBytes });
  } catch (cause) {
    const isTooLarge = cause instanceof RangeError;
    const why = isTooLarge ? `unpacks to more than ${limitBytes} bytes` : 'is not gzip';
    throw new EvergreenError('training-output-invalid', `model.tar.gz ${why}`, { cause });
  }
  const found = pickFromTar(tar, [
    'model.onnx',
    'golden.json',
    'training.json',
    'state.json',
    'explanation.json',
    'model.int8.onnx',
    'golden.int8.json',
  ]);
  const file = (name: string): Uint8Array => {
    const bytes = found.get(name);
    if (bytes) return bytes;
    throw new EvergreenError('training-output-invalid', `model.tar.gz has no ${name}`);
  };
  const state = found.get('state.json');
  if (state) parse('state.json', state, trainingState);
  const explained = found.get('explanation.json');
  const hasInt8 = found.has('model.int8.onnx') || found.has('golden.int8.json');
  const files = {
    ...(explained ? { 'explanation.json': explained } : {}),
    ...(state ? { 'state.json': state } : {}),
    'model.onnx': file('model.onnx'),
    'golden.json': file('golden.json'),
    'training.json': file('training.json'),
  };
  return {
    files,
    golden: parse('golden.json', files['golden.json'], goldenAnswers),
    training: parse('training.json', files['training.json'], trainingRecord),
    explanation: explained && parse('explanation.json', explained, explanation),
    int8: hasInt8 ? readInt8(file('model.int8.onnx'), file('golden.int8.json')) : undefined,
  };
}

const readInt8 = (model: Uint8Array, goldenFile: Uint8Array): Quantised => ({
  model,
  goldenFile,
  golden: parse('golden.int8.json', goldenFile, goldenAnswers),
});

/**
 * A trainer may not choose what it is held against: its golden rows must be those of the dataset.
 *
 * @throws EvergreenError `training-output-invalid`.
 */
export function requireSameGoldenRows(
  golden: GoldenAnswers,
  rows: readonly Row[],
  definition: ModelDefinition,
  file = 'golden.json',
): void {
  const names = Object.keys(definition.features);
  const featuresOf = (each: readonly Row[]) => each.map((row) => names.map((name) => row[name] ?? null));
  if (digestOf(featuresOf(golden.rows)) === digestOf(featuresOf(rows))) return;
  throw new EvergreenError(
    'training-output-invalid',
    `${file} has other rows than the dataset's golden.json; write its ${rows.length} rows as they are, in their order`,
  );
}
