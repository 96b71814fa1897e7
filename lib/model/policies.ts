import { z } from 'zod';

const share = z.number().min(0).max(1);

export const rollout = z.strictObject({
  approval: z.enum(['automatic', 'person']).default('automatic'),
  /** Hours until a run that waits for a person is rejected. */
  approvalTimeoutHours: z.int().min(1).max(8760).default(72),
  canary: z
    .strictObject({
      /** Percent of requests that the candidate answers; 0 means none. */
      weight: z.number().min(0).max(100).default(10),
      bakeSeconds: z.int().min(1).max(604_800).default(600),
      /** Requests the candidate must have answered; the bake is prolonged once for them, then the candidate is withdrawn. */
      leastRequests: z.int().min(0).default(0),
    })
    .prefault({}),
  limits: z
    .strictObject({
      /** Share of requests a variant may fail. */
      errorShare: share.default(0.05),
      p99LatencyMs: z.number().positive().default(1000),
      /** Requests in an alarm period below which errors and latency say nothing. */
      leastRequests: z.int().min(1).default(5),
    })
    .prefault({}),
});

export const monitor = z.strictObject({
  everyMinutes: z.int().min(1).max(1440).default(60),
  windowHours: z.int().min(1).max(720).default(24),
  /**
   * Share of predictions that are kept, drawn by their ids. What is not kept has no receipt, takes no label, and counts
   * in no measurement; metrics of serving count all.
   */
  capture: share.default(1),
  /** Days after which the data that the champion learned from is too old; without it age alone alarms nobody. */
  staleAfterDays: z.int().min(1).max(3650).optional(),
  drift: z
    .strictObject({
      /* How much must change before it counts, whatever the sample can prove. */
      /** Population stability index; by custom a change from 0.1 on is moderate, from 0.25 on great. */
      psi: z.number().positive().default(0.1),
      /** Kolmogorov-Smirnov distance of numbers: the greatest difference of the cumulative shares. */
      distance: share.default(0.1),
      /** Change of the share of a single category or label, or of wrong answers. */
      share: share.default(0.05),
      /** Change of the share of missing values, or of categories that were never seen. */
      missing: share.default(0.025),
      /** Chance that a measurement of traffic in which nothing changed finds drift, over all features together. */
      falseAlarms: z.number().positive().max(0.5).default(0.001),
      leastSample: z.int().min(1).default(200),
    })
    .prefault({}),
  quality: z
    .strictObject({
      metric: z.enum(['accuracy', 'rmse']).default('accuracy'),
      /** Least accuracy, or greatest rmse, of labelled live predictions. Without a limit quality is measured, not alarmed. */
      limit: z.number().optional(),
      leastSample: z.int().min(1).default(50),
    })
    .prefault({}),
});

export const retrain = z.strictObject({
  /**
   * `anew` trains on all rows; `online` takes the rows that the champion has not learned from in once, in
   * micro-batches, and leaves the others alone. Online is for gradient-descent only.
   */
  mode: z.enum(['anew', 'online']).default('anew'),
  onDrift: z.boolean().default(true),
  onQuality: z.boolean().default(true),
  everyDays: z.int().min(1).max(365).optional(),
  /** Minutes after a retrain in which alarms start no other. */
  cooldownMinutes: z.int().min(0).default(360),
  /** A version younger than this is rolled back by an alarm, an older one is retrained. */
  youngHours: z.number().min(0).default(24),
});

/** What only people can say of a model; shown in the model card, empty where nothing is said. */
export const card = z.strictObject({
  intendedUse: z.string().default(''),
  /** Uses it was not made for. */
  outOfScope: z.string().default(''),
  limitations: z.string().default(''),
  ethicalConsiderations: z.string().default(''),
  owner: z.string().default(''),
  contact: z.string().default(''),
  license: z.string().default(''),
});
