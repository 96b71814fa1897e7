import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import * as z from 'zod';
import { CaptureStore } from '../../lib/monitoring/captures.store.ts';
import { explainChampion } from '../../lib/monitoring/champion-attributions.store.ts';
import { championDocuments } from '../../lib/monitoring/champion-documents.store.ts';
import { driftPage } from '../../lib/monitoring/drift-page.ts';
import { type DriftReport, reportKeys } from '../../lib/monitoring/drift-report.ts';
import { HourProfileStore } from '../../lib/monitoring/hour-profiles.store.ts';
import { costOfDay } from '../../lib/monitoring/model-cost.ts';
import { readDayUsage } from '../../lib/monitoring/model-usage.store.ts';
import { Monitor } from '../../lib/monitoring/monitor.ts';
import { metricsOf } from '../../lib/monitoring/monitor-metrics.ts';
import { PredictionStore } from '../../lib/monitoring/predictions.store.ts';
import { ThumbStore } from '../../lib/monitoring/thumbs.store.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { SigningKey } from '../../lib/registry/signing-key.store.ts';
import { documentClient, kmsClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { writeDocument, writeObject } from '../../lib/shared/objects.ts';
import { stepHandler } from '../step.ts';

const variables = {
  DATA_BUCKET: z.string(),
  MODEL_BUCKET: z.string(),
  REGISTRY_TABLE: z.string(),
  PREDICTIONS_TABLE: z.string(),
  SIGNING_KEY: z.string(),
  PREDICT_MEMORY_MIB: z.coerce.number().int().positive(),
  PREDICT_ARCHITECTURE: z.enum(['arm64', 'x86_64']),
};

/** Measures a model on its schedule or on demand; answers with the measurement. */
export const handler = stepHandler(
  z.object({ model: z.string() }),
  async ({ model }): Promise<DriftReport> => {
    const environment = readEnvironment(variables);
    const { DATA_BUCKET: dataBucket, MODEL_BUCKET: modelBucket, PREDICTIONS_TABLE } = environment;
    const s3 = s3Client();
    const key = new SigningKey(kmsClient(), environment.SIGNING_KEY);
    const registry = new RegistryStore(documentClient(), environment.REGISTRY_TABLE);
    const site = { s3, modelBucket, trust: () => key.trusted(), stopwatch: () => performance.now() };
    const captures = new CaptureStore(s3, dataBucket);
    const usageSite = { cloudWatch: new CloudWatchClient({}), s3, modelBucket, captures, registry };
    const machine = {
      memoryMib: environment.PREDICT_MEMORY_MIB,
      architecture: environment.PREDICT_ARCHITECTURE,
    };
    const monitor = new Monitor({
      readLive: (name) => registry.readLive(name),
      ...championDocuments(s3, { dataBucket, modelBucket }),
      explain: (champion, rows) => explainChampion(site, champion, rows),
      profiles: new HourProfileStore(s3, dataBucket),
      captures,
      readCost: async (name, now) => costOfDay(await readDayUsage(usageSite, name, now), machine),
      predictions: new PredictionStore(documentClient(), PREDICTIONS_TABLE),
      thumbs: new ThumbStore(documentClient(), PREDICTIONS_TABLE),
      now: () => new Date(),
    });
    const report = await monitor.measure(model);
    const keys = reportKeys(model, report.measuredAt);
    await writeObject(
      s3,
      { bucket: dataBucket, key: keys.html },
      driftPage(report),
      'text/html; charset=utf-8',
    );
    await writeDocument(s3, { bucket: dataBucket, key: keys.json }, report);
    for (const line of metricsOf(report)) process.stdout.write(`${line}\n`);
    return report;
  },
);
