import type { ModelDefinition } from '../model/definition.ts';
import type { ModelSource } from './live-models.ts';
import type { ServingEvent } from './serving-event.ts';

export interface ServingOptions {
  source: ModelSource;
  /** Told what happened, for captures and metrics. What it throws is swallowed: no reply depends on it. */
  report: (event: ServingEvent) => void;
  /** Of this product, as GET /v2 tells it. */
  serverVersion: string;
  /** The OpenAPI document, as text. @default - there is none */
  openApi?: (readDefinitions: () => Promise<ModelDefinition[]>) => Promise<string>;
  /** Bytes that the loaded models may take, see memory-budget.ts. @default - no limit */
  memoryBudgetBytes?: number;
  /** @default 2000 */
  liveCacheMs?: number;
  /** @default 1 MiB */
  maxBodyBytes?: number;
  now?: () => number;
  /** A clock for durations, in milliseconds. */
  stopwatch?: () => number;
  newId?: () => string;
}
