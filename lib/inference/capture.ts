import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { metricMembers } from '../shared/embedded-metrics.ts';
import type { Variant } from './prediction-record.ts';
import type { Answer } from './wire.ts';

/** Takes one log line, without its end. */
export type WriteLine = (line: string) => void;

/** CloudWatch Logs cuts events off at 256 KB. */
const maxLineBytes = 240_000;

const variantSets = [
  ['model', 'variant'],
  ['model', 'version'],
];

/** A function that leaves out what may point at a person. */
export function compileRedaction(definition: ModelDefinition): (row: Row) => Row {
  const hidden = Object.entries(definition.features).flatMap(([name, { personalData }]) =>
    personalData === 'none' ? [] : [name],
  );
  if (hidden.length === 0) return (row) => row;
  return (row) => Object.fromEntries(Object.entries(row).filter(([name]) => !hidden.includes(name)));
}

export interface AnsweredRequest {
  answer: Answer;
  rows: readonly Row[];
  atMs: number;
  latencyMs: number;
}

/** How many values from the start fit into a number of bytes as JSON. */
function countFitting(rows: readonly Row[], predictions: readonly unknown[], bytes: number): number {
  let left = bytes;
  for (const [index, row] of rows.entries()) {
    left -=
      Buffer.byteLength(JSON.stringify(row)) + Buffer.byteLength(JSON.stringify(predictions[index])) + 2;
    if (left < 0) return index;
  }
  return rows.length;
}

/** The log line of an answered request: a prediction record and its metrics in one. */
export function predictionLine(request: AnsweredRequest, redact: (row: Row) => Row): string {
  const { answer, atMs, latencyMs } = request;
  const { predictions } = answer;
  const rows = request.rows.map(redact);
  const facts = {
    ...metricMembers(new Date(atMs), variantSets, {
      Requests: { unit: 'Count', value: 1 },
      Errors: { unit: 'Count', value: 0 },
      Rows: { unit: 'Count', value: rows.length },
      LatencyMs: { unit: 'Milliseconds', value: latencyMs },
    }),
    kind: 'prediction',
    predictionId: answer.predictionId,
    traceId: answer.traceId,
    model: answer.model,
    version: String(answer.version),
    modelDigest: answer.modelDigest,
    datasetId: answer.datasetId,
    variant: answer.variant,
    at: new Date(atMs).toISOString(),
    latencyMs,
  };
  const line = JSON.stringify({ ...facts, rows, predictions });
  if (Buffer.byteLength(line) <= maxLineBytes) return line;
  const room = maxLineBytes - Buffer.byteLength(JSON.stringify(facts)) - 100;
  const kept = countFitting(rows, predictions, room);
  return JSON.stringify({
    ...facts,
    rows: rows.slice(0, kept),
    predictions: predictions.slice(0, kept),
    rowsDropped: rows.length - kept,
  });
}

export interface FailedRequest {
  model: string;
  version: number;
  variant: Variant;
  traceId: string;
  predictionId: string;
  atMs: number;
  code: string;
  message: string;
}

/** The log line of an answer that a version owed. */
export function failureLine({ version, atMs, ...facts }: FailedRequest): string {
  return JSON.stringify({
    ...metricMembers(new Date(atMs), variantSets, { Errors: { unit: 'Count', value: 1 } }),
    level: 'error',
    kind: 'model-error',
    ...facts,
    version: String(version),
    at: new Date(atMs).toISOString(),
  });
}

/** The log line of a request that did not fit: the caller's mistake, so it counts against no version. */
export function rejectionLine(request: {
  model: string;
  traceId: string;
  code: string;
  atMs: number;
}): string {
  const { atMs, ...facts } = request;
  return JSON.stringify({
    ...metricMembers(new Date(atMs), [['model']], { Rejected: { unit: 'Count', value: 1 } }),
    level: 'warn',
    kind: 'rejected-request',
    ...facts,
  });
}

/** The log line of a version that was refused when it was loaded: damaged, missing, or answering otherwise. */
export function refusedVersionLine(refusal: {
  model: string;
  version: number;
  packageDigest: string;
  code: string;
  message: string;
  atMs: number;
}): string {
  const { version, atMs, ...facts } = refusal;
  return JSON.stringify({
    ...metricMembers(new Date(atMs), [['model'], ['model', 'version']], {
      LoadFailures: { unit: 'Count', value: 1 },
    }),
    level: 'error',
    kind: 'version-refused',
    ...facts,
    version: String(version),
  });
}
