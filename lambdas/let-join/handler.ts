import * as z from 'zod';
import type { Dispatcher } from '../../lib/intake/dispatcher.ts';
import { composeDispatcher } from '../dispatcher.ts';
import { stepHandler } from '../step.ts';

/** The part of an "ab.began" or "ab.judged" event that matters; the rule lets pass what others may join. */
const testOn = z.object({
  detail: z.object({ data: z.object({ runId: z.string(), model: z.string(), mayJoin: z.literal(true) }) }),
});

let dispatcher: Dispatcher | undefined;

/** The version of a run is in an A/B test that others may join: the next run of the model begins. */
export const handler = stepHandler(testOn, async ({ detail }) => {
  dispatcher ??= composeDispatcher();
  await dispatcher.letJoin(detail.data.runId, detail.data.model);
});
