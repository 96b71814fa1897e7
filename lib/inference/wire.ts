import type { Row } from '../data/dataset.ts';
import type { ModelDefinition } from '../model/definition.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { Prediction, Variant } from './prediction-record.ts';
import { readJsonBody, type WireRequest } from './request-body.ts';
import { isObject, pointerStep, type RequestError, type RowReader, requestInvalid } from './rows.ts';

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

/** The model side of a request: its definition, and the check that was compiled from it. */
export interface RowTarget {
  definition: ModelDefinition;
  readRows: RowReader;
}

export interface ReadRequest {
  rows: Row[];
  /** Writes the reply to this very request: a JSON document, or a text of CSV. */
  write: (answer: Answer) => object | string;
}

/** A way to ask for predictions: from a body to rows, and from an answer to a reply. */
export interface WireFormat {
  /** @throws EvergreenError when the body is none of this format. */
  parse(request: Pick<WireRequest, 'headers' | 'body'>, limitBytes: number): unknown;
  /** @throws EvergreenError `request-invalid` or `request-too-large` when it does not fit the model. */
  read(body: unknown, target: RowTarget): ReadRequest;
}

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
function readFriendly(body: unknown, { readRows }: RowTarget): ReadRequest {
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
  return {
    rows: readRows(rows),
    write: (answer) => ({ ...replyFacts(answer), predictions: answer.predictions }),
  };
}

export const friendlyFormat: WireFormat = {
  parse: (request, limitBytes) => readJsonBody(request, limitBytes),
  read: readFriendly,
};
