import type { CommanderError } from 'commander';
import type { ErrorKind } from '../shared/error-codes.ts';
import { type ErrorCode, errorCatalogue } from '../shared/error-codes.ts';
import { EvergreenError, exitCode, messageOf } from '../shared/errors.ts';

/** A failure as the command shows it. */
export interface Failure {
  code: ErrorCode;
  kind: ErrorKind;
  message: string;
  remedy: string;
  details?: Record<string, unknown>;
}

const accessDenied = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
  'AuthorizationError',
  'NotAuthorizedException',
]);
const badCredentials = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'InvalidAccessKeyId',
]);
const throttled = new Set([
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'ProvisionedThroughputExceededException',
  'SlowDown',
  'ServiceUnavailable',
  'TimeoutError',
]);
const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT']);

function codeOf(thrown: unknown): ErrorCode {
  if (!(thrown instanceof Error)) return 'internal';
  // The SDK has no name for it.
  if (thrown.message === 'Region is missing') return 'region-missing';
  if (accessDenied.has(thrown.name)) return 'access-denied';
  if (badCredentials.has(thrown.name)) return 'credentials-missing';
  if (throttled.has(thrown.name)) return 'service-unavailable';
  const systemCode = systemCodeOf(thrown);
  if (systemCode !== undefined && unreachable.has(systemCode)) return 'service-unavailable';
  return 'internal';
}

function systemCodeOf(thrown: Error): string | undefined {
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return thrown.cause instanceof Error ? systemCodeOf(thrown.cause) : undefined;
}

/** Makes of anything thrown what a person, or a program that reads --json, can act on. */
export function failureOf(thrown: unknown): Failure {
  const code = thrown instanceof EvergreenError ? thrown.code : codeOf(thrown);
  const { kind, remedy } = errorCatalogue[code];
  const message = messageOf(thrown) || (thrown instanceof Error ? thrown.name : 'unknown');
  const details = thrown instanceof EvergreenError ? thrown.details : {};
  return { code, kind, message, remedy, ...(Object.keys(details).length === 0 ? {} : { details }) };
}

export function exitCodeOf(failure: Failure): number {
  return exitCode[failure.kind];
}

/** The failure as text; log lines it carries come first, so that the message stays in sight. */
export function renderFailure(failure: Failure, json: boolean): string {
  if (json) return `${JSON.stringify({ error: failure }, null, 2)}\n`;
  const quote = (name: string, tail: unknown) =>
    Array.isArray(tail) ? tail.map((line) => `  ${name} | ${String(line)}`) : [];
  const tails = [...quote('log', failure.details?.tail), ...quote('engine', failure.details?.engineTail)];
  return [...tails, `error: ${failure.message}`, failure.remedy, ''].join('\n');
}

/** Turns what the command line parser throws into the product's error; undefined when it only showed help. */
export function usageFailure(thrown: CommanderError): EvergreenError | undefined {
  if (thrown.exitCode === 0) return undefined;
  if (thrown.code === 'commander.help') {
    return new EvergreenError('usage-invalid', 'a command is missing; `npx evergreen --help` lists them');
  }
  return new EvergreenError('usage-invalid', thrown.message.replace(/^error: /, '').replaceAll('\n', ' '));
}
