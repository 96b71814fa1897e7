import { describe, expect, it } from 'vitest';
import { EvergreenError } from '../shared/errors.ts';
import { exitCodeOf, failureOf, renderFailure } from './failure.ts';

function named(name: string, message = 'no'): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

describe('failureOf', () => {
  it.each([
    [new EvergreenError('usage-invalid', 'x'), 'usage-invalid', 2],
    [new EvergreenError('model-unknown', 'x'), 'model-unknown', 3],
    [new EvergreenError('revision-conflict', 'x'), 'revision-conflict', 4],
    [new EvergreenError('no-previous-version', 'x'), 'no-previous-version', 5],
    [new EvergreenError('port-taken', 'x'), 'port-taken', 6],
    [named('AccessDeniedException'), 'access-denied', 5],
    [named('CredentialsProviderError'), 'credentials-missing', 5],
    [named('ThrottlingException'), 'service-unavailable', 6],
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'service-unavailable', 6],
    [new TypeError('oops'), 'internal', 1],
    ['a string', 'internal', 1],
  ])('knows %s', (thrown, code, exit) => {
    const failure = failureOf(thrown);
    expect(failure.code).toBe(code);
    expect(exitCodeOf(failure)).toBe(exit);
  });
});

describe('renderFailure', () => {
  const failure = failureOf(
    new EvergreenError('deploy-failed', 'cdk deploy failed', { details: { tail: ['last line'] } }),
  );

  it('gives one error line and its remedy, after what the log said last', () => {
    const text = renderFailure(failure, false).split('\n');
    expect(text).toEqual(['  log | last line', 'error: cdk deploy failed', failure.remedy, '']);
  });

  it('gives one JSON document', () => {
    expect(JSON.parse(renderFailure(failure, true))).toMatchObject({
      error: {
        code: 'deploy-failed',
        kind: 'internal',
        message: 'cdk deploy failed',
        remedy: failure.remedy,
      },
    });
  });
});
