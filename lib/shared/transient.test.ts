import {
  ConditionalCheckFailedException,
  ProvisionedThroughputExceededException,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb';
import { NoSuchKey, S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { EvergreenError } from './errors.ts';
import { isTransient } from './transient.ts';

const options = { message: 'x', $metadata: {} };
const answered = (httpStatusCode: number, name = 'Unknown') =>
  new S3ServiceException({ name, $fault: 'server', $metadata: { httpStatusCode } });

describe('isTransient', () => {
  it.each<[string, unknown]>([
    ['a throttled table', new ProvisionedThroughputExceededException(options)],
    ['a busy bucket', answered(503, 'SlowDown')],
    ['an error of the service', answered(500)],
    ['too many requests', answered(429)],
    ['what the SDK marks', Object.assign(new Error('x'), { $retryable: {} })],
    ['a broken connection', Object.assign(new Error('x'), { code: 'ECONNRESET' })],
    ['no answer in time', Object.assign(new Error('x'), { name: 'TimeoutError' })],
  ])('expects %s to pass', (_, thrown) => {
    expect(isTransient(thrown)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a condition that does not hold', new ConditionalCheckFailedException(options)],
    ['a table that is not there', new ResourceNotFoundException(options)],
    ['an object that is not there', new NoSuchKey({ ...options, $metadata: { httpStatusCode: 404 } })],
    ['a refusal', answered(403, 'AccessDenied')],
    ['a mistake of ours', new TypeError('x is undefined')],
    ['an error of this product', new EvergreenError('internal', 'x')],
    ['a text', 'ThrottlingException'],
    ['nothing', undefined],
  ])('does not expect %s to pass', (_, thrown) => {
    expect(isTransient(thrown)).toBe(false);
  });
});
