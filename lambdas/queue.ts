import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { messageOf } from '../lib/shared/errors.ts';

export const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** A function behind a queue: what fails is delivered again, then kept in the dead-letter queue. */
export function queueHandler(take: (body: string, messageId: string) => Promise<void>) {
  return async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
    for (const { messageId, body } of Records) {
      try {
        await take(body, messageId);
      } catch (thrown) {
        batchItemFailures.push({ itemIdentifier: messageId });
        say({ level: 'error', messageId, message: messageOf(thrown) });
      }
    }
    return { batchItemFailures };
  };
}
