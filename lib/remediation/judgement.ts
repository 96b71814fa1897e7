import * as z from 'zod';
import { symptoms } from './alarm-change.ts';
import { decision } from './decide.ts';

/** What was decided about one change of an alarm; written before it is done, so that it is done once and to the end. */
export const judgement = z.object({
  model: z.string(),
  alarm: z.string(),
  symptom: z.enum(symptoms),
  changedAt: z.iso.datetime(),
  decision,
  decidedAt: z.iso.datetime(),
  /** Revision of what was live when it was decided. */
  revision: z.int().min(0),
  status: z.enum(['decided', 'done']),
  /** What came of it, once it is done. */
  outcome: z.string().nullable(),
});
export type Judgement = z.infer<typeof judgement>;
