import type { ModelDefinition } from '../model/definition.ts';
import type { MemoryChange } from './loaded-models.ts';
import type { Variant } from './prediction-record.ts';
import type { RowBatch } from './row-batch.ts';
import type { Answer } from './wire.ts';

/** A version answered a request. The latency has reading the body in it, and no loading of versions. */
export interface Answered {
  kind: 'prediction';
  answer: Answer;
  batch: Pick<RowBatch, 'count' | 'rows'>;
  definition: ModelDefinition;
  atMs: number;
  latencyMs: number;
  /** Asked for by its number: kept for its receipt, and no part of the traffic that versions are judged by. */
  isPinned?: boolean;
  /** Whose requests stay on one side while a rollout is on. */
  caller?: string | undefined;
}

/** A version owed an answer and gave none. */
export interface Failed {
  kind: 'model-error';
  model: string;
  version: number;
  variant: Variant;
  traceId: string;
  predictionId: string;
  code: string;
  message: string;
  atMs: number;
  isPinned?: boolean;
}

/** A request did not fit: the caller's mistake, so it counts against no version. */
export interface Rejected {
  kind: 'rejected-request';
  model: string;
  traceId: string;
  code: string;
  atMs: number;
}

/** A version was refused when it was loaded: damaged, missing, or answering otherwise. */
export interface Refused {
  kind: 'version-refused';
  model: string;
  version: number;
  packageDigest: string;
  code: string;
  message: string;
  atMs: number;
}

/** The registry could not be read, and the last reading goes on counting. */
export interface Unreadable {
  kind: 'registry-unreadable';
  model: string;
  message: string;
}

/** A reply that is no answer, and not the caller's doing. */
export interface RequestFailed {
  kind: 'request-failed';
  traceId: string;
  status: number;
  code: string;
  message: string;
  stack: string | undefined;
}

/** A version came into this process's memory, or left it. */
export interface MemoryChanged extends MemoryChange {
  atMs: number;
}

/** What happened in serving: doors make log lines, captures and metrics of it. */
export type ServingEvent =
  | Answered
  | Failed
  | Rejected
  | Refused
  | Unreadable
  | RequestFailed
  | MemoryChanged;
