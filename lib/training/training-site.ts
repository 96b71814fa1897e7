import * as z from 'zod';
import type { TrainingSite } from './training-job.ts';

/** Variables in which a function finds where a deployment trains. */
export const siteVariables = {
  DATA_BUCKET: z.string(),
  MODEL_BUCKET: z.string(),
  CODE_BUCKET: z.string(),
  TRAINING_IMAGE: z.string(),
  JOB_ROLE_PREFIX: z.string(),
  KMS_KEY_ARN: z.string(),
  AWS_REGION: z.string(),
};

type SiteEnvironment = Record<keyof typeof siteVariables, string>;

/** Where a deployment trains, from a function's variables. */
export function siteFrom(environment: SiteEnvironment): TrainingSite {
  return {
    dataBucket: environment.DATA_BUCKET,
    modelBucket: environment.MODEL_BUCKET,
    codeBucket: environment.CODE_BUCKET,
    image: environment.TRAINING_IMAGE,
    rolePrefix: environment.JOB_ROLE_PREFIX,
    kmsKeyArn: environment.KMS_KEY_ARN,
    region: environment.AWS_REGION,
  };
}
