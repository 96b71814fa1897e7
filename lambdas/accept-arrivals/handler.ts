import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { readArrival } from '../../lib/intake/arrival.ts';
import type { Dispatcher } from '../../lib/intake/dispatcher.ts';
import { messageOf } from '../../lib/shared/errors.ts';
import { composeDispatcher } from '../dispatcher.ts';

let dispatcher: Dispatcher | undefined;

/** Uploads and retrain requests from the intake queue; what fails is delivered again, then kept in the dead-letter queue. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  dispatcher ??= composeDispatcher();
  const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
  for (const { messageId, body } of event.Records) {
    try {
      const dispatched = await dispatcher.accept(readArrival(body));
      process.stdout.write(
        `${JSON.stringify({ level: 'info', message: 'arrival', messageId, ...dispatched })}\n`,
      );
    } catch (thrown) {
      batchItemFailures.push({ itemIdentifier: messageId });
      process.stdout.write(`${JSON.stringify({ level: 'error', messageId, message: messageOf(thrown) })}\n`);
    }
  }
  return { batchItemFailures };
}
