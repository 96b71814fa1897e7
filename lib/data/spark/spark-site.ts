import * as z from 'zod';
import type { SparkSite } from './spark-job.ts';

/** The variable in which a function finds where large files are examined; without it they are refused. */
export const sparkVariables = { SPARK_SITE: z.string().optional() };

const site = z.object({
  codeBucket: z.string(),
  packageKey: z.string(),
  programKey: z.string(),
  image: z.string(),
  rolePrefix: z.string(),
  kmsKeyArn: z.string(),
  instanceType: z.string(),
  bytesPerInstance: z.number(),
  mostInstances: z.number(),
  volumeGib: z.number(),
  maxHours: z.number(),
  maxSourceBytes: z.number(),
  hashKeyArn: z.string(),
});
export type SparkSiteSettings = z.infer<typeof site>;

/** Where large files are examined, or null where they are not. */
export function sparkSiteFrom(environment: {
  DATA_BUCKET: string;
  SPARK_SITE?: string | undefined;
}): SparkSite | null {
  if (environment.SPARK_SITE === undefined) return null;
  return { dataBucket: environment.DATA_BUCKET, ...site.parse(JSON.parse(environment.SPARK_SITE)) };
}
