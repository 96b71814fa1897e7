import { z } from 'zod';
import { datasetKey, datasetManifest, datasetProfile } from '../../lib/data/dataset.ts';
import { evaluationDocument } from '../../lib/evaluation/evaluation.ts';
import { deployedModel } from '../../lib/model/deployed-model.ts';
import { CaptureStore } from '../../lib/monitoring/captures.store.ts';
import { driftPage } from '../../lib/monitoring/drift-page.ts';
import { type DriftReport, reportKeys } from '../../lib/monitoring/drift-report.ts';
import { HourProfileStore } from '../../lib/monitoring/hour-profiles.store.ts';
import { Monitor } from '../../lib/monitoring/monitor.ts';
import { metricsOf } from '../../lib/monitoring/monitor-metrics.ts';
import { PredictionStore } from '../../lib/monitoring/predictions.store.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { readDocument, writeDocument, writeObject } from '../../lib/shared/objects.ts';
import { stepHandler } from '../step.ts';

const variables = {
  DATA_BUCKET: z.string(),
  MODEL_BUCKET: z.string(),
  REGISTRY_TABLE: z.string(),
  PREDICTIONS_TABLE: z.string(),
};

/** Measures a model on its schedule or on demand; answers with the measurement. */
export const handler = stepHandler(
  z.object({ model: z.string() }),
  async ({ model }): Promise<DriftReport> => {
    const { DATA_BUCKET, MODEL_BUCKET, REGISTRY_TABLE, PREDICTIONS_TABLE } = readEnvironment(variables);
    const s3 = s3Client();
    const registry = new RegistryStore(documentClient(), REGISTRY_TABLE);
    const monitor = new Monitor({
      readLive: (name) => registry.readLive(name),
      readDefinition: async ({ packagePrefix }) => {
        const location = { bucket: MODEL_BUCKET, key: `${packagePrefix}definition.json` };
        return (await readDocument(s3, location, deployedModel)).definition;
      },
      readProfile: ({ datasetId }, name) =>
        readDocument(
          s3,
          { bucket: DATA_BUCKET, key: datasetKey(name, datasetId, 'profile.json') },
          datasetProfile,
        ),
      readDatasetTime: async ({ datasetId }, name) => {
        const key = datasetKey(name, datasetId, 'manifest.json');
        return (await readDocument(s3, { bucket: DATA_BUCKET, key }, datasetManifest)).createdAt;
      },
      readEvaluation: ({ packagePrefix }) =>
        readDocument(
          s3,
          { bucket: MODEL_BUCKET, key: `${packagePrefix}evaluation.json` },
          evaluationDocument,
        ),
      profiles: new HourProfileStore(s3, DATA_BUCKET),
      captures: new CaptureStore(s3, DATA_BUCKET),
      predictions: new PredictionStore(documentClient(), PREDICTIONS_TABLE),
      now: () => new Date(),
    });
    const report = await monitor.measure(model);
    const keys = reportKeys(model, report.measuredAt);
    await writeObject(
      s3,
      { bucket: DATA_BUCKET, key: keys.html },
      driftPage(report),
      'text/html; charset=utf-8',
    );
    await writeDocument(s3, { bucket: DATA_BUCKET, key: keys.json }, report);
    for (const line of metricsOf(report)) process.stdout.write(`${line}\n`);
    return report;
  },
);
