/** Names that AWS services give to "not now". */
const throttled = new Set([
  'ThrottlingException',
  'ThrottledException',
  'Throttling',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'ProvisionedThroughputExceededException',
  'TransactionInProgressException',
  'TransactionConflictException',
  'PriorRequestNotComplete',
  'SlowDown',
  'RequestTimeout',
  'TimeoutError',
]);

/** Codes of a connection that broke or was never made. */
const disconnected = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN']);

const passingStatus = new Set([429, 500, 502, 503, 504]);

/**
 * Whether a failure of an AWS call may be gone at the next attempt; the SDK's own attempts are used up by then.
 *
 * The SDK marks only what the service's model marks: throttling of DynamoDB and S3 is told by its name or status.
 */
export function isTransient(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  if ('$retryable' in thrown && thrown.$retryable !== undefined) return true;
  if (throttled.has(thrown.name)) return true;
  if ('code' in thrown && typeof thrown.code === 'string' && disconnected.has(thrown.code)) return true;
  if (!('$metadata' in thrown) || typeof thrown.$metadata !== 'object' || thrown.$metadata === null)
    return false;
  const status: unknown = Reflect.get(thrown.$metadata, 'httpStatusCode');
  return typeof status === 'number' && passingStatus.has(status);
}
