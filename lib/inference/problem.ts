import { type ErrorCode, errorCatalogue } from '../shared/error-codes.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { RequestError } from './rows.ts';

/** An answer on its way out. */
export interface WireResponse {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}
export type TextResponse = WireResponse & { body: string };

const statusByKind = {
  invalid: 422,
  'not-found': 404,
  conflict: 409,
  'not-allowed': 422,
  unavailable: 503,
  internal: 500,
} as const;

const statusByCode: Partial<Record<ErrorCode, number>> = {
  'request-not-json': 400,
  'request-too-large': 413,
  'media-type-unsupported': 415,
  'access-denied': 403,
};

/** Codes whose message may name buckets, keys or what a runtime said: callers are told the meaning alone. */
const innerCodes = new Set<ErrorCode>([
  'artifact-missing',
  'artifact-damaged',
  'signature-missing',
  'signature-untrusted',
  'signing-key-unavailable',
  'hash-key-unavailable',
  'model-inadmissible',
  'golden-mismatch',
  'explanation-unavailable',
  'model-failed',
  'training-output-invalid',
  'service-unavailable',
  'internal',
]);

const defaultRetrySeconds = 2;

export interface ProblemOptions {
  /** Adds `error`, which is where clients of the Open Inference Protocol look. */
  forOpenInference?: boolean;
}

function errorsOf(error: EvergreenError): RequestError[] | undefined {
  const { errors } = error.details;
  return Array.isArray(errors) ? errors : undefined;
}

function retrySecondsOf(error: EvergreenError): number {
  const { retryAfterSeconds } = error.details;
  return typeof retryAfterSeconds === 'number' && retryAfterSeconds > 0
    ? Math.ceil(retryAfterSeconds)
    : defaultRetrySeconds;
}

/**
 * What a caller reads of a failure, as application/problem+json.
 *
 * Errors that are not ours, and those of kind `internal`, show nothing but the trace id.
 *
 * @param traceId Found in the logs; becomes `instance`.
 *
 * Source: RFC 9457.
 */
export function toProblem(
  thrown: unknown,
  traceId: string,
  { forOpenInference = false }: ProblemOptions = {},
): TextResponse {
  const error =
    thrown instanceof EvergreenError && thrown.kind !== 'internal'
      ? thrown
      : new EvergreenError('internal', 'something went wrong; search the logs for the id in `instance`');
  const { code, kind } = error;
  const status = statusByCode[code] ?? statusByKind[kind];
  const title = errorCatalogue[code].meaning;
  const errors = errorsOf(error);
  const detail = innerCodes.has(code) && code !== 'internal' ? title : error.message;
  const problem = {
    type: `urn:evergreen:error:${code}`,
    title,
    status,
    detail,
    instance: traceId,
    ...(forOpenInference && { error: detail }),
    ...(errors === undefined ? {} : { errors: errors.map(({ pointer, message }) => ({ pointer, message })) }),
  };
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(status === 503 ? { 'retry-after': String(retrySecondsOf(error)) } : {}),
    },
    body: JSON.stringify(problem),
  };
}
