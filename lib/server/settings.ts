// The small form: the process that watches the workers needs no more of zod, which would be a third of its memory.
import * as z from 'zod/mini';
import english from 'zod/v4/locales/en.js';

z.config(english());

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
  trustFile: z.optional(z.string()),
  host: z._default(z.string(), '127.0.0.1'),
  port: z._default(z.int().check(z.minimum(0), z.maximum(65_535)), 8080),
  /** Processes that answer. */
  workers: z._default(z.int().check(z.minimum(1), z.maximum(64)), 1),
  /** SHA-256 of each key that is let in, in hex; none lets everybody in. */
  keyDigests: z._default(z.array(z.string().check(z.regex(/^[0-9a-f]{64}$/))), []),
  tls: z.optional(z.strictObject({ certFile: z.string(), keyFile: z.string() })),
  /** Requests of one process that may wait for their reply; more are sent away with 503. */
  mostInFlight: z._default(z.int().check(z.minimum(1)), 512),
  maxBodyBytes: z._default(z.int().check(z.minimum(1)), 6 * 1024 * 1024),
  /** MiB that the loaded models of all workers may take. @default - a share of what the container, or machine, has */
  memoryBudgetMib: z.optional(z.int().check(z.minimum(16))),
  liveCacheMs: z._default(z.int().check(z.minimum(0)), 2000),
  /** Folder for captured predictions. @default - nothing is captured */
  captureFolder: z.optional(z.string()),
  /** Seconds of silence after which a worker is ended. */
  stuckSeconds: z._default(z.number().check(z.positive()), 10),
  /** Seconds that requests in flight get when the server is told to stop. */
  drainSeconds: z._default(z.number().check(z.positive()), 20),
});
export type ServerSettings = z.infer<typeof serverSettings>;
