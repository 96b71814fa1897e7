import type { Prediction } from '../inference/prediction-record.ts';
import type { Lineage, ModelVersion } from '../registry/registry.ts';
import type { FullReceipt } from './capture.ts';
import type { Label } from './label.ts';

/** What `GET /predictions/{id}` answers: which version said what, and where that version comes from. */
export interface PredictionReceipt {
  predictionId: string;
  traceId: string;
  model: string;
  version: number;
  modelDigest: string;
  variant: FullReceipt['variant'];
  at: string;
  /** Rows that were asked; `predictions` may have fewer when the request was very large. */
  rowCount: number;
  predictions: Prediction[];
  dataset: { datasetId: string; manifestKey: string | null };
  /** Null when the registry does not know the version any more. */
  lineage: Pick<
    Lineage,
    'runId' | 'definitionDigest' | 'codeDigest' | 'trainingJobName' | 'parentVersion'
  > | null;
  labels: { row: number; label: string | number; labelledAt: string; corrections: number }[];
}

/** The rows that were asked are left out: whoever holds the id may see the answer, not personal data of the question. */
export function toPredictionReceipt(
  receipt: FullReceipt,
  labels: Label[],
  version: ModelVersion | undefined,
): PredictionReceipt {
  const { predictionId, traceId, model, modelDigest, variant, at, datasetId, rowCount, content } = receipt;
  const lineage = version?.lineage;
  return {
    predictionId,
    traceId,
    model,
    version: receipt.version,
    modelDigest,
    variant,
    at,
    rowCount,
    predictions: content.predictions,
    dataset: { datasetId, manifestKey: lineage?.datasetManifestKey ?? null },
    lineage: lineage
      ? {
          runId: lineage.runId,
          definitionDigest: lineage.definitionDigest,
          codeDigest: lineage.codeDigest,
          trainingJobName: lineage.trainingJobName,
          parentVersion: lineage.parentVersion,
        }
      : null,
    labels: labels
      .filter((label) => label.model === model)
      .map(({ row, label, labelledAt, corrections }) => ({ row, label, labelledAt, corrections })),
  };
}
