import * as z from 'zod';
import { partLimits, partsRequest } from '../../lib/data/parts/parts.ts';
import { planParts } from '../../lib/data/parts/plan-parts.ts';
import { s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

/** Finds the files of an upload that its manifest names. */
export const handler = stepHandler(partsRequest, (request) => {
  const { DATA_BUCKET: bucket } = readEnvironment({ DATA_BUCKET: z.string().min(1) });
  return planParts(request, { s3: s3Client(), bucket, limits: partLimits });
});
