import type { ModelDefinition } from '../model/definition.ts';
import { hashKeyNameOf } from '../model/disguise.ts';
import { EvergreenError } from '../shared/errors.ts';
import { compileMatrixReader, type MatrixReader } from './matrix-reader.ts';
import { compileReplyWriter, type ReplyWriter } from './open-inference-reply.ts';
import type { Prediction, Variant } from './prediction-record.ts';
import { compileQuickReader, type QuickReader } from './quick-rows.ts';
import { jsonDepth, requireBody, type WireRequest } from './request-body.ts';
import { type RowBatch, RowBatches } from './row-batch.ts';
import {
  compileRowReader,
  isObject,
  pointerStep,
  type RequestError,
  type RowReader,
  requestInvalid,
} from './rows.ts';
import { parseStrictJson } from './strict-json.ts';

/** Everything a reply says. */
export interface Answer {
  predictionId: string;
  traceId: string;
  model: string;
  version: number;
  modelDigest: string;
  datasetId: string;
  variant: Variant;
  predictions: Prediction[];
}

/** The model side of a request: its definition, and what was compiled from it. */
export interface RowTarget {
  definition: ModelDefinition;
  readRows: RowReader;
  readQuickly: QuickReader;
  readMatrix: MatrixReader;
  batches: RowBatches;
  /** Replies by the Open Inference Protocol. */
  writeReply: ReplyWriter;
}

/** @param hashKey Of a definition that hashes personal texts; without it they must come hashed. */
export function compileRowTarget(definition: ModelDefinition, hashKey?: Uint8Array): RowTarget {
  const lacksKey = hashKeyNameOf(definition) !== undefined && hashKey === undefined;
  return {
    definition,
    readRows: compileRowReader(definition, hashKey),
    // The careful reader says which value did not come hashed.
    readQuickly: lacksKey ? () => undefined : compileQuickReader(definition, maxRows),
    readMatrix: compileMatrixReader(definition),
    batches: new RowBatches(definition, hashKey),
    writeReply: compileReplyWriter(definition),
  };
}

export interface ReadRequest {
  batch: RowBatch;
  /** Writes the reply to this very request: a JSON document, one with bytes behind it, or a text of CSV. */
  write: (answer: Answer) => object | string;
}

/** Reads a body for a model. @throws EvergreenError when it does not fit, or turns out to be none of its format. */
export type BodyReader = (target: RowTarget) => ReadRequest;

/**
 * A way to ask for predictions: from a body to rows, and from an answer to a reply. What it gives reads the body for
 * one model after another.
 *
 * Throws EvergreenError when the headers, or the body, are none of this format.
 */
export type WireFormat = (
  request: Pick<WireRequest, 'headers' | 'body' | 'takesBinary'>,
  limitBytes: number,
) => BodyReader;

export const maxRows = 1000;

/** @throws EvergreenError `request-invalid` or `request-too-large` when the number of rows is not 1 to 1,000. */
export function requireRowCount(count: number, pointer: string): void {
  if (count === 0) throw requestInvalid([{ pointer, message: 'has no rows; send at least one' }]);
  if (count <= maxRows) return;
  throw new EvergreenError(
    'request-too-large',
    `${pointer === '' ? 'the body' : pointer} has ${count} rows; at most ${maxRows} are answered in one request`,
  );
}

/** @throws EvergreenError `request-invalid` that names each member that does not belong there. */
export function refuseUnknownMembers(
  body: Readonly<Record<string, unknown>>,
  known: readonly string[],
  pointer = '',
): void {
  const errors: RequestError[] = Object.keys(body)
    .filter((name) => !known.includes(name))
    .slice(0, 20)
    .map((name) => ({
      pointer: `${pointer}/${pointerStep(name)}`,
      message: `is not known here; known are ${known.join(', ')}`,
    }));
  if (errors.length > 0) throw requestInvalid(errors);
}

/** What every reply of ours says beside its predictions. */
export function replyFacts({ predictionId, model, version, modelDigest, datasetId, traceId }: Answer) {
  return { predictionId, model, version, modelDigest, datasetId, traceId };
}

/** `{"rows": [{...}]}`: one object for each row, a member for each feature. */
function readCarefully(body: unknown, { readRows, batches }: RowTarget): RowBatch {
  if (!isObject(body)) {
    throw requestInvalid([{ pointer: '', message: 'must be an object such as {"rows": [{...}]}' }]);
  }
  refuseUnknownMembers(body, ['rows']);
  const { rows } = body;
  if (!Array.isArray(rows)) {
    const message = rows === undefined ? 'is missing; send an array of rows' : 'must be an array of rows';
    throw requestInvalid([{ pointer: '/rows', message }]);
  }
  requireRowCount(rows.length, '/rows');
  return batches.ofRows(readRows(rows));
}

export const friendlyFormat: WireFormat = (request, limitBytes) => {
  requireBody(request, ['json'], limitBytes);
  const { body } = request;
  return (target) => {
    const columns = target.readQuickly(body);
    return {
      batch: columns
        ? target.batches.ofColumns(columns)
        : readCarefully(parseStrictJson(body, { depth: jsonDepth }), target),
      write: (answer) => ({ ...replyFacts(answer), predictions: answer.predictions }),
    };
  };
};
