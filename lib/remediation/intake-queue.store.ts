import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { RetrainRequest } from '../intake/arrival.ts';

/** Asks intake for a retrain; the same request id twice is one run. */
export async function sendRetrainRequest(
  sqs: SQSClient,
  queueUrl: string,
  request: RetrainRequest,
): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(request) }));
}
