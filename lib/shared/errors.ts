import { type ErrorCode, type ErrorKind, errorCatalogue } from './error-codes.ts';

/** The error name a state machine sees, one for each kind. */
export const stateErrorName: Record<ErrorKind, string> = {
  invalid: 'Evergreen.InvalidInput',
  'not-found': 'Evergreen.NotFound',
  conflict: 'Evergreen.Conflict',
  'not-allowed': 'Evergreen.NotAllowed',
  unavailable: 'Evergreen.Unavailable',
  internal: 'Evergreen.Internal',
};

/** The exit code of the command, one for each kind. */
export const exitCode: Record<ErrorKind, number> = {
  invalid: 2,
  'not-found': 3,
  conflict: 4,
  'not-allowed': 5,
  unavailable: 6,
  internal: 1,
};

export type ErrorDetails = Record<string, unknown>;

/**
 * The one error type of the product.
 *
 * The message is lower case and says the wrong value, what is allowed and what to do next.
 */
export class EvergreenError extends Error {
  override readonly name = 'EvergreenError';
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = errorCatalogue[code].kind;
    this.details = options.details ?? {};
  }
}

/** What a person can read of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
