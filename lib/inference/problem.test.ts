import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorCatalogue } from '../shared/error-codes.ts';
import { EvergreenError } from '../shared/errors.ts';
import { toProblem } from './problem.ts';

const codes = Object.keys(errorCatalogue).filter((code): code is ErrorCode =>
  Object.hasOwn(errorCatalogue, code),
);

describe('toProblem', () => {
  it.each([
    ['request-not-json', 400],
    ['model-unknown', 404],
    ['request-conflict', 409],
    ['request-too-large', 413],
    ['media-type-unsupported', 415],
    ['request-invalid', 422],
    ['version-not-servable', 422],
    ['model-not-served', 503],
    ['model-failed', 500],
  ] as const)('answers %s with %i', (code, status) => {
    const { status: found, body } = toProblem(new EvergreenError(code, 'why'), 'trace-1');
    expect(found).toBe(status);
    expect(JSON.parse(body)).toMatchObject({ status, instance: 'trace-1' });
  });

  it('says when to come again', () => {
    const error = new EvergreenError('model-not-served', 'no', { details: { retryAfterSeconds: 3.2 } });
    expect(toProblem(error, 't').headers['retry-after']).toBe('4');
    expect(toProblem(new EvergreenError('service-unavailable', 'no'), 't').headers['retry-after']).toBe('2');
  });

  it('shows pointers and messages of errors, and nothing else of the details', () => {
    const errors = [{ pointer: '/rows/0', message: 'is missing', schema: 'inner' }];
    const error = new EvergreenError('request-invalid', 'why', { details: { errors, path: '/var/task' } });
    const { body } = toProblem(error, 't');
    expect(JSON.parse(body).errors).toEqual([{ pointer: '/rows/0', message: 'is missing' }]);
    expect(body).not.toMatch(/inner|var\/task/);
  });

  it('shows nothing of the inside, whatever was thrown', () => {
    const secret = 's3://bucket/key of arn:aws:iam::123:role';
    const inner: unknown[] = [
      new Error(secret),
      secret,
      undefined,
      new EvergreenError('internal', secret),
      ...codes
        .filter((code) => /^(artifact|golden|model-(failed|inadm)|training|service)/.test(code))
        .map((code) => new EvergreenError(code, secret, { cause: new Error(secret) })),
    ];
    for (const thrown of inner) expect(toProblem(thrown, 't').body).not.toContain('s3:');
  });
});
