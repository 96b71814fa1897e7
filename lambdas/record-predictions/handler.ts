import * as z from 'zod';
import { planCapture } from '../../lib/monitoring/capture.ts';
import { CaptureStore } from '../../lib/monitoring/captures.store.ts';
import { logSubscription, readLogSubscription } from '../../lib/monitoring/log-subscription.ts';
import { PredictionStore } from '../../lib/monitoring/predictions.store.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { metricLine } from '../../lib/shared/embedded-metrics.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { stepHandler } from '../step.ts';

const variables = { DATA_BUCKET: z.string(), PREDICTIONS_TABLE: z.string() };

/** Keeps the predictions that the log of the serving function names; a delivery that fails comes again. */
export const handler = stepHandler(logSubscription, async (event) => {
  const { DATA_BUCKET, PREDICTIONS_TABLE } = readEnvironment(variables);
  const batch = readLogSubscription(event);
  const { objects, receipts } = planCapture(batch);
  // The object first: a receipt never points at nothing.
  await new CaptureStore(s3Client(), DATA_BUCKET).write(objects);
  const refused = await new PredictionStore(documentClient(), PREDICTIONS_TABLE).putReceipts(receipts);
  if (refused.length > 0) {
    const line = { level: 'error', message: 'receipts were refused by the table', predictionIds: refused };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }

  const captured = receipts.length - refused.length;
  const dropped = batch.dropped + refused.length;
  const counts = {
    Captured: { value: captured, unit: 'Count' },
    CaptureDropped: { value: dropped, unit: 'Count' },
  } as const;
  process.stdout.write(`${metricLine(new Date(), {}, [[]], counts)}\n`);
  return { captured, dropped, objects: objects.length };
});
