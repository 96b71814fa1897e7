import * as z from 'zod';

const statusChange = z.object({
  'detail-type': z.literal('Step Functions Execution Status Change'),
  detail: z.object({ name: z.string(), input: z.string() }),
});
const input = z.object({ model: z.string() });

/** Which run of which model has ended, when that is what a message tells. */
export function readRunEnd(message: string): { model: string; runId: string } | undefined {
  try {
    const { detail } = statusChange.parse(JSON.parse(message));
    return { runId: detail.name, model: input.parse(JSON.parse(detail.input)).model };
  } catch {
    // Not of a run: alarms come by the same queue, and their reader says what is wrong with a message.
    return undefined;
  }
}
