import * as z from 'zod';
import { abTest } from './ab-test.ts';

const share = z.number().min(0).max(1);

export const rollout = z.strictObject({
  /**
   * `canary` gives a version its share of the traffic and judges it; `blue-green` makes it champion right after its
   * replay; `pinned` leaves the champion until a person promotes another; `ab` splits the traffic by fixed shares for days,
   * until labels prove one of the two better.
   */
  strategy: z.enum(['canary', 'blue-green', 'pinned', 'ab']).default('canary'),
  /** Of the strategy `ab`; docs/decisions/0017-ab-tests-that-may-be-looked-at.md. */
  ab: abTest.optional(),
  approval: z.enum(['automatic', 'person']).default('automatic'),
  /** Hours until a run that waits for a person is rejected. */
  approvalTimeoutHours: z.int().min(1).max(8760).default(72),
  canary: z
    .strictObject({
      /** Percent of requests that the candidate answers; 0 means none. */
      weight: z.number().min(0).max(100).default(10),
      /** Percents of several steps, each greater than the one before and each baked and judged, in place of `weight`. */
      steps: z
        .array(z.number().gt(0).max(100))
        .min(1)
        .max(10)
        .refine((steps) => steps.every((step, place) => place === 0 || step > (steps[place - 1] ?? 0)), {
          error: 'each step must be greater than the one before',
        })
        .optional(),
      /** Of each step. */
      bakeSeconds: z.int().min(1).max(604_800).default(600),
      /**
       * Requests the candidate must have answered in a step; its bake is prolonged once for them, then the candidate is
       * withdrawn.
       */
      leastRequests: z.int().min(0).default(0),
      /** Labelled rows of the candidate that a step needs, in the same way. */
      leastLabels: z.int().min(0).default(0),
      /**
       * What stays on one side for a whole rollout: each request by itself, or all requests of a caller, who is known by
       * the header x-evergreen-caller or else by the API key.
       */
      stickyBy: z.enum(['request', 'caller']).default('request'),
    })
    .prefault({}),
  /** How a candidate is held against the champion of the same time; docs/decisions/0012-how-a-candidate-is-judged.md. */
  judge: z
    .strictObject({
      /** Chance that a candidate that is no worse is taken out, over all tests and all looks of a rollout together. */
      falseRollbacks: z.number().positive().max(0.5).default(0.01),
      /** Requests, rows or labels of each side below which a test says nothing. */
      leastSample: z.int().min(1).default(30),
      /** Latency of the champion times this and with the slack is allowed. */
      latencyFactor: z.number().min(1).default(1.5),
      latencySlackMs: z.number().min(0).default(5),
      /** Population stability index of the outputs from which a proven difference counts. */
      outputPsi: z.number().positive().default(0.25),
    })
    .prefault({}),
  /** What a version must do before any traffic goes there. */
  replay: z
    .strictObject({
      /** The newest captured requests that are sent through candidate and champion. */
      requests: z.int().min(0).max(10_000).default(500),
      /** The candidate's median latency may be that of the champion times this and with the slack. */
      latencyFactor: z.number().min(1).default(5),
      latencySlackMs: z.number().min(0).default(20),
    })
    .prefault({}),
  /** Requests of this time are answered by the candidate as well, out of captures, before it gets any share. */
  shadow: z
    .strictObject({
      /** 0 is no shadow. */
      seconds: z.int().min(0).max(604_800).default(0),
      /** Share of the rows that may be answered otherwise. Without a limit it is told, not judged. */
      mostDisagreement: share.optional(),
    })
    .prefault({}),
  limits: z
    .strictObject({
      /** Share of requests a variant may fail. */
      errorShare: share.default(0.05),
      /** One request in a hundred may take longer. */
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
  cost: z
    .strictObject({
      /** USD a day of predictions, captures and training above which a person is called and no alarm retrains. */
      limitPerDay: z.number().positive().default(10),
    })
    .prefault({}),
});

export const retrain = z.strictObject({
  /**
   * `anew` trains on all rows; `online` takes the rows that the champion has not learned from in once, in
   * micro-batches, and leaves the others alone. Online is for gradient-descent only.
   */
  mode: z.enum(['anew', 'online']).default('anew'),
  /**
   * Which triggers there are and what they lead to. `one-off` never retrains by itself; `batch` trains anew by schedule,
   * data, alarms, labels and new code; `near-real-time` takes labelled rows into the champion in micro-batches; `hybrid`
   * takes in what callers say and trains anew for the rest. @default - batch, or what `mode` says
   */
  update: z.enum(['one-off', 'batch', 'near-real-time', 'hybrid']).optional(),
  /** Labelled rows since the champion's training that ask for a run; as many more ask for the next. @default - none do */
  everyLabels: z.int().min(1).max(100_000).optional(),
  /** Whether a definition or a trainer that is deployed changed trains on the champion's rows, once. @default false */
  onNewCode: z.boolean().optional(),
  onDrift: z.boolean().default(true),
  onQuality: z.boolean().default(true),
  everyDays: z.int().min(1).max(365).optional(),
  /** Minutes after a retrain in which alarms, labels and new code start no other. */
  cooldownMinutes: z.int().min(0).default(360),
  /** Retrains that alarms, labels and new code may ask for within 24 hours. */
  mostPerDay: z.int().min(0).default(4),
  /** Labelled rows that must have come since a version is champion before an alarm retrains it. */
  leastLabels: z.int().min(1).default(1),
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
