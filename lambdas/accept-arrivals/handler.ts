import { asksForNothing, readArrival } from '../../lib/intake/arrival.ts';
import type { Dispatcher } from '../../lib/intake/dispatcher.ts';
import { composeDispatcher } from '../dispatcher.ts';
import { queueHandler, say } from '../queue.ts';

let dispatcher: Dispatcher | undefined;

/** Uploads and retrain requests from the intake queue. */
export const handler = queueHandler(async (body, messageId) => {
  const arrival = readArrival(body);
  if (asksForNothing(arrival)) return;
  dispatcher ??= composeDispatcher();
  const dispatched = await dispatcher.accept(arrival);
  say({ level: 'info', message: 'arrival', messageId, ...dispatched });
});
