import * as z from 'zod';
import { datasetManifest } from '../../lib/data/dataset.ts';
import { readRows } from '../../lib/data/parquet-rows.duckdb.ts';
import { definitionKey, deployedModel } from '../../lib/model/deployed-model.ts';
import { CaptureStore } from '../../lib/monitoring/captures.store.ts';
import { PredictionStore } from '../../lib/monitoring/predictions.store.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { assembleRetrain } from '../../lib/remediation/retrain-assembly.ts';
import { writeVersionedRows } from '../../lib/remediation/retrain-objects.store.ts';
import { retrainRecord } from '../../lib/remediation/retrain-rows.ts';
import { documentClient, s3Client } from '../../lib/shared/clients.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { readDocument, readRequiredBytes, writeDocument } from '../../lib/shared/objects.ts';
import { stepHandler } from '../step.ts';

const order = z.object({ runId: z.string(), model: z.string(), definitionDigest: z.string() });
const variables = { DATA_BUCKET: z.string(), REGISTRY_TABLE: z.string(), PREDICTIONS_TABLE: z.string() };

/** Gathers the rows of a retrain, or says why there is nothing to learn. */
export const handler = stepHandler(order, async (request) => {
  const { DATA_BUCKET: bucket, REGISTRY_TABLE, PREDICTIONS_TABLE } = readEnvironment(variables);
  const s3 = s3Client();
  const registry = new RegistryStore(documentClient(), REGISTRY_TABLE);
  const assembly = await assembleRetrain(request, {
    readLive: (model) => registry.readLive(model),
    readDefinition: async (model, digest) =>
      (await readDocument(s3, { bucket, key: definitionKey(model, digest) }, deployedModel)).definition,
    readManifest: (key) => readDocument(s3, { bucket, key }, datasetManifest),
    readRows: async (key, definition) => readRows(await readRequiredBytes(s3, { bucket, key }), definition),
    readRecord: (key) => readDocument(s3, { bucket, key }, retrainRecord),
    writeRecord: (key, record) => writeDocument(s3, { bucket, key }, record),
    writeRows: (key, body) => writeVersionedRows(s3, bucket, key, body),
    predictions: new PredictionStore(documentClient(), PREDICTIONS_TABLE),
    captures: new CaptureStore(s3, bucket),
    now: () => new Date(),
  });
  process.stdout.write(
    `${JSON.stringify({ level: 'info', message: 'retrain assembled', ...request, ...assembly })}\n`,
  );
  return assembly;
});
