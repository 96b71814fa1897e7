import * as z from 'zod';
import { sourceObject } from '../data/dataset.ts';

/** Why a run began. */
export const trigger = z.object({
  /**
   * What a shadow-retrain leads to is registered and gets no traffic by itself. Feedback is so many labelled rows, new-code
   * a definition or trainer that was deployed.
   */
  kind: z.enum(['upload', 'retrain', 'shadow-retrain', 'schedule', 'feedback', 'new-code']),
  /** For a person: the file name, the alarm, the schedule, the labels, the code. */
  reason: z.string(),
});
export type Trigger = z.infer<typeof trigger>;

export const runStatus = z.enum([
  'queued',
  'running',
  'waiting-for-approval',
  'promoted',
  'rejected',
  'rolled-back',
  'superseded',
  'reused',
  'refused',
  'failed',
  'aborted',
]);
export type RunStatus = z.infer<typeof runStatus>;

/** One line of the run list. A run's id is the name of its execution. */
export const run = z.object({
  runId: z.string(),
  model: z.string(),
  trigger,
  source: sourceObject.nullable(),
  definitionDigest: z.string().nullable(),
  status: runStatus,
  /** What happened, in a sentence. */
  reason: z.string(),
  datasetId: z.string().nullable(),
  version: z.int().nullable(),
  reportKey: z.string().nullable(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
});
export type Run = z.infer<typeof run>;

/** What the pipeline's execution begins with; the same run always has the same input, to the byte. */
export const pipelineInput = z.object({
  runId: z.string(),
  model: z.string(),
  trigger,
  source: sourceObject.nullable(),
  definitionDigest: z.string(),
});
export type PipelineInput = z.infer<typeof pipelineInput>;

/** What the pipeline's execution ends with when it ends by itself. */
export const pipelineOutput = z.object({
  outcome: z.enum(['promoted', 'rejected', 'rolled-back', 'superseded', 'reused', 'refused']),
  reason: z.string(),
  datasetId: z.string().nullish(),
  version: z.int().nullish(),
  reportKey: z.string().nullish(),
});
export type PipelineOutput = z.infer<typeof pipelineOutput>;

/** Runs that will not go on. */
export function isEnded(status: RunStatus): boolean {
  return status !== 'queued' && status !== 'running' && status !== 'waiting-for-approval';
}
