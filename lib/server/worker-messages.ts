import * as z from 'zod/mini';

/** What workers tell the first process. */
export const fromWorker = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('alive') }),
  z.object({ kind: z.literal('listening'), port: z.int() }),
  /** It could not begin, and another one could not either. */
  z.object({ kind: z.literal('unfit'), message: z.string() }),
  z.object({ kind: z.literal('ask-metrics'), ask: z.int() }),
  z.object({ kind: z.literal('metrics'), ask: z.int(), metrics: z.array(z.unknown()) }),
]);
export type FromWorker = z.infer<typeof fromWorker>;

/** What the first process tells workers. */
export const toWorker = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('drain') }),
  z.object({ kind: z.literal('tell-metrics'), ask: z.int() }),
  z.object({ kind: z.literal('all-metrics'), ask: z.int(), parts: z.array(z.array(z.unknown())) }),
]);
export type ToWorker = z.infer<typeof toWorker>;
