import * as z from 'zod';
import { row } from '../data/dataset.ts';
import { type PredictionRecord, prediction } from '../inference/prediction-record.ts';
import { compileRowReader, pointerStep, type RequestError, requestInvalid } from '../inference/rows.ts';
import { maxRows } from '../inference/wire.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { ModelVersion } from '../registry/registry.ts';
import { digest } from '../shared/digest.ts';
import type { ErrorCode } from '../shared/error-codes.ts';
import { EvergreenError } from '../shared/errors.ts';
import { keptDays } from './capture.ts';

export const maxCaptures = 500;

/** A prediction that a runner answered without a network and sends later. */
export const edgeCapture = z.strictObject({
  predictionId: z.uuidv7(),
  traceId: z.string().min(1).max(100),
  version: z.int().positive(),
  packageDigest: digest,
  at: z.iso.datetime(),
  latencyMs: z.number().min(0),
  /** Without the features that hold personal data. */
  rows: z.array(row).max(maxRows),
  predictions: z.array(prediction).max(maxRows),
  /** Rows at the end of the request that were too large to be kept. */
  rowsDropped: z.int().min(0).max(maxRows).optional(),
});
export type EdgeCapture = z.infer<typeof edgeCapture>;

/** What runners send. */
export const capturesBody = z.strictObject({ captures: z.array(edgeCapture).min(1).max(maxCaptures) });

/** The list as it is, so that one record that does not fit holds up no other. */
const envelope = z.strictObject({ captures: z.array(z.unknown()).min(1).max(maxCaptures) });

export interface CaptureRefusal {
  index: number;
  code: Extract<ErrorCode, 'request-invalid' | 'request-conflict' | 'version-unknown'>;
  pointer: string;
  message: string;
}

export interface CapturesReply {
  accepted: number;
  /** Of the accepted: those that were on record already. */
  repeated: number;
  refused: CaptureRefusal[];
}

/** A registered version, and the definition it was made with. */
export interface EdgeVersion {
  version: ModelVersion;
  definition: ModelDefinition;
}

/** Clocks of machines without a network go wrong. */
const clockSkewMs = 5 * 60_000;
const keptMs = keptDays * 86_400_000;

export const pointerOf = (path: readonly PropertyKey[]) =>
  path.map((step) => `/${pointerStep(String(step))}`).join('');

/** @throws EvergreenError `request-invalid` with a JSON pointer when the body is no list of 1 to 500 records. */
export function readCaptures(body: unknown): unknown[] {
  const parsed = envelope.safeParse(body);
  if (parsed.success) return parsed.data.captures;
  throw requestInvalid(
    parsed.error.issues.map(({ path, message }) => ({
      pointer: pointerOf(path),
      message: `does not fit: ${message}`,
    })),
  );
}

/** One record, or the first thing that is wrong with its shape; the pointer begins inside the record. */
export function readCapture(given: unknown): EdgeCapture | RequestError {
  const parsed = edgeCapture.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { pointer: pointerOf(issue?.path ?? []), message: `does not fit: ${issue?.message}` };
}

/**
 * A check of records of one version; it answers with what is wrong, its pointer beginning inside the record.
 *
 * Rows are held against the definition that the version was made with, without the features that hold personal data.
 */
export function compileCaptureCheck({
  version,
  definition,
}: EdgeVersion): (capture: EdgeCapture, now: Date) => RequestError | undefined {
  const { features, target } = definition;
  const isPersonal = (name: string) =>
    Object.hasOwn(features, name) && features[name]?.personalData !== 'none';
  const captured = Object.fromEntries(Object.entries(features).filter(([name]) => !isPersonal(name)));
  const readRows = compileRowReader({ ...definition, features: captured });

  function misfitOfRows({ rows }: EdgeCapture): RequestError | undefined {
    for (const [index, each] of rows.entries()) {
      const personal = Object.keys(each).find(isPersonal);
      if (personal === undefined) continue;
      return {
        pointer: pointerOf(['rows', index, personal]),
        message: 'holds personal data, which is not taken',
      };
    }
    try {
      readRows(rows);
    } catch (thrown) {
      if (!(thrown instanceof EvergreenError) || !Array.isArray(thrown.details.errors)) throw thrown;
      const [first] = thrown.details.errors as RequestError[];
      return first;
    }
    return undefined;
  }

  function misfitOfPredictions({ rows, predictions }: EdgeCapture): RequestError | undefined {
    if (predictions.length !== rows.length) {
      const message = `has ${predictions.length} predictions of ${rows.length} rows; one for each is needed`;
      return { pointer: '/predictions', message };
    }
    const isMisfit = (each: (typeof predictions)[number]) =>
      target.type === 'category'
        ? !('label' in each) || !target.categories.includes(each.label)
        : !('value' in each);
    const index = predictions.findIndex(isMisfit);
    if (index < 0) return undefined;
    const wanted =
      target.type === 'category' ? `a label of ${target.categories.join(', ')}` : 'a number as value';
    return { pointer: `/predictions/${index}`, message: `does not fit the model; ${wanted} is needed` };
  }

  return (capture, now) => {
    const { packageDigest, at } = capture;
    if (packageDigest !== version.packageDigest) {
      const message = `is not the digest of version ${version.version}, which is ${version.packageDigest}`;
      return { pointer: '/packageDigest', message };
    }
    const ageMs = now.getTime() - Date.parse(at);
    if (ageMs < -clockSkewMs) {
      return { pointer: '/at', message: `is ${at}, which has not come yet; set the clock of the machine` };
    }
    if (ageMs > keptMs) {
      return { pointer: '/at', message: `is ${at}; predictions are kept for ${keptDays} days` };
    }
    return misfitOfRows(capture) ?? misfitOfPredictions(capture);
  };
}

/** As the log line of the deployed API has it, but for the side of the traffic. */
export function toRecord(
  capture: EdgeCapture,
  { model, modelDigest, lineage }: ModelVersion,
): PredictionRecord {
  const { packageDigest: _, ...facts } = capture;
  const { datasetId } = lineage;
  return { kind: 'prediction', ...facts, model, modelDigest, datasetId, variant: 'edge' };
}
