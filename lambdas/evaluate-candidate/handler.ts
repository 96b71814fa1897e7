import { join } from 'node:path';
import * as z from 'zod';
import { readHeldOut } from '../../lib/data/held-out.ts';
import { readUnseen } from '../../lib/data/unseen.ts';
import { evaluateCandidate } from '../../lib/evaluation/evaluate-candidate.ts';
import { artifactKey } from '../../lib/evaluation/job-output.ts';
import { packageReader, writePackage } from '../../lib/inference/package.store.ts';
import { tryModel } from '../../lib/inference/trial.ts';
import { definitionKey, deployedModel } from '../../lib/model/deployed-model.ts';
import { RegistryStore } from '../../lib/registry/registry.store.ts';
import { SigningKey } from '../../lib/registry/signing-key.store.ts';
import { documentClient, kmsClient, s3Client } from '../../lib/shared/clients.ts';
import { digest } from '../../lib/shared/digest.ts';
import { readEnvironment } from '../../lib/shared/environment.ts';
import { readDocument } from '../../lib/shared/objects.ts';
import { stepHandler } from '../step.ts';

const request = z.object({
  runId: z.string(),
  model: z.string(),
  definitionDigest: digest,
  datasetId: z.string(),
  manifestKey: z.string(),
  trainingJobName: z.string(),
  modelArtifact: z.string().startsWith('s3://'),
  codeDigest: digest,
  /** Of the searches that led to the candidate, if any did. */
  tuningReportKey: z.string().nullable(),
});

const variables = {
  DATA_BUCKET: z.string(),
  MODEL_BUCKET: z.string(),
  REGISTRY_TABLE: z.string(),
  SIGNING_KEY: z.string(),
  LAMBDA_TASK_ROOT: z.string(),
};

/** Judges a trained candidate against its gate and the champion. */
export const handler = stepHandler(request, ({ modelArtifact, tuningReportKey, ...candidate }) => {
  const environment = readEnvironment(variables);
  const { DATA_BUCKET: dataBucket, MODEL_BUCKET: modelBucket } = environment;
  const s3 = s3Client();
  const key = new SigningKey(kmsClient(), environment.SIGNING_KEY);
  const readPackageFile = packageReader(s3, modelBucket);
  const definition = {
    bucket: dataBucket,
    key: definitionKey(candidate.model, candidate.definitionDigest),
  };
  const manifest = { bucket: dataBucket, key: candidate.manifestKey };
  const trialWorker = join(environment.LAMBDA_TASK_ROOT, 'trial-worker.js');
  return evaluateCandidate(
    {
      registry: new RegistryStore(documentClient(), environment.REGISTRY_TABLE),
      readDeployed: () => readDocument(s3, definition, deployedModel),
      readTuningReport: async () => (tuningReportKey === null ? null : readPackageFile(tuningReportKey)),
      readArchive: () => readPackageFile(artifactKey(modelArtifact, modelBucket)),
      readHeldOut: (columns) => readHeldOut(s3, manifest, columns),
      readUnseen: (columns, trainedOn) =>
        readUnseen(s3, { bucket: dataBucket, manifestKey: candidate.manifestKey }, trainedOn, columns),
      readPackageFile,
      trust: () => key.trusted(),
      tryModel: (some) => tryModel(some, trialWorker),
      writePackage: (files, about) => writePackage(s3, modelBucket, files, about),
    },
    candidate,
  );
});
