import * as z from 'zod';

/** Everything a server process is told, as the primary hands it to its workers. */
export const serverSettings = z.strictObject({
  source: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('folder'), path: z.string() }),
    z.strictObject({ kind: z.literal('s3'), bucket: z.string(), prefix: z.string() }),
    z.strictObject({
      kind: z.literal('registry'),
      registryTable: z.string(),
      modelBucket: z.string(),
      signingKey: z.string(),
      hashKey: z.string(),
      modelNames: z.array(z.string()),
    }),
  ]),
  /** PEM or DER file with the public key whose signatures count. @default - the one in the export */
  trustFile: z.string().optional(),
  host: z.string().default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(8080),
  /** Processes that answer. */
  workers: z.int().min(1).max(64).default(1),
  /** SHA-256 of each key that is let in, in hex; none lets everybody in. */
  keyDigests: z.array(z.string().regex(/^[0-9a-f]{64}$/)).default([]),
  tls: z.strictObject({ certFile: z.string(), keyFile: z.string() }).optional(),
  /** Requests of one process that may wait for their reply; more are sent away with 503. */
  mostInFlight: z.int().min(1).default(512),
  maxBodyBytes: z
    .int()
    .min(1)
    .default(6 * 1024 * 1024),
  /** MiB that the loaded models of all workers may take. @default - a share of what the container, or machine, has */
  memoryBudgetMib: z.int().min(16).optional(),
  liveCacheMs: z.int().min(0).default(2000),
  /** Folder for captured predictions. @default - nothing is captured */
  captureFolder: z.string().optional(),
  /** Seconds of silence after which a worker is ended. */
  stuckSeconds: z.number().positive().default(10),
  /** Seconds that requests in flight get when the server is told to stop. */
  drainSeconds: z.number().positive().default(20),
});
export type ServerSettings = z.infer<typeof serverSettings>;
