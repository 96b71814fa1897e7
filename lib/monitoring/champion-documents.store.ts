import type { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { datasetKey, datasetManifest, datasetProfile } from '../data/dataset.ts';
import { evaluationDocument } from '../evaluation/evaluation.ts';
import { deployedModel } from '../model/deployed-model.ts';
import { readDocument } from '../shared/objects.ts';
import type { MonitorParts } from './monitor.ts';

type Documents = Pick<MonitorParts, 'readDefinition' | 'readProfile' | 'readDatasetTime' | 'readEvaluation'>;

const anyEvaluation = z.looseObject({ schema: z.string() });

/** What a champion was made with and of, from its package and its dataset. */
export function championDocuments(
  s3: S3Client,
  { dataBucket, modelBucket }: { dataBucket: string; modelBucket: string },
): Documents {
  return {
    async readDefinition({ packagePrefix }) {
      const location = { bucket: modelBucket, key: `${packagePrefix}definition.json` };
      return (await readDocument(s3, location, deployedModel)).definition;
    },
    readProfile({ datasetId }, model) {
      const location = { bucket: dataBucket, key: datasetKey(model, datasetId, 'profile.json') };
      return readDocument(s3, location, datasetProfile);
    },
    async readDatasetTime({ datasetId }, model) {
      const location = { bucket: dataBucket, key: datasetKey(model, datasetId, 'manifest.json') };
      return (await readDocument(s3, location, datasetManifest)).createdAt;
    },
    async readEvaluation({ packagePrefix }) {
      const location = { bucket: modelBucket, key: `${packagePrefix}evaluation.json` };
      const { schema } = await readDocument(s3, location, anyEvaluation);
      // Versions of earlier releases have another form; their inputs can be watched all the same.
      if (schema !== evaluationDocument.shape.schema.value) return null;
      return readDocument(s3, location, evaluationDocument);
    },
  };
}
