import { readArrival } from '../../lib/intake/arrival.ts';
import type { Dispatcher } from '../../lib/intake/dispatcher.ts';
import { composeDispatcher } from '../dispatcher.ts';
import { queueHandler, say } from '../queue.ts';

let dispatcher: Dispatcher | undefined;

/** Uploads and retrain requests from the intake queue. */
export const handler = queueHandler(async (body, messageId) => {
  dispatcher ??= composeDispatcher();
  const dispatched = await dispatcher.accept(readArrival(body));
  say({ level: 'info', message: 'arrival', messageId, ...dispatched });
});
