import {
  DescribeHyperParameterTuningJobCommand,
  type HyperParameterTrainingJobSummary,
  paginateListTrainingJobsForHyperParameterTuningJob,
  type SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import type { Search, Trial } from './tuning-report.ts';

const secondsBetween = (from: Date | undefined, to: Date | undefined) =>
  from && to ? Math.max(0, (to.getTime() - from.getTime()) / 1000) : 0;

const statuses: Record<string, Trial['status']> = { Completed: 'completed', Stopped: 'stopped' };

/** Values go to a job as JSON text and come back as such; what another tool wrote stays text. */
function parseValue(text: string): string | number | boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string'
      ? value
      : text;
  } catch {
    return text;
  }
}

function toTrial(search: string, summary: HyperParameterTrainingJobSummary): Trial {
  const { TunedHyperParameters, FinalHyperParameterTuningJobObjectiveMetric: final } = summary;
  return {
    job: summary.TrainingJobName ?? '',
    search,
    hyperparameters: Object.fromEntries(
      Object.entries(TunedHyperParameters ?? {}).map(([name, text]) => [name, parseValue(text)]),
    ),
    objective: final?.Value ?? null,
    status: statuses[summary.TrainingJobStatus ?? ''] ?? 'failed',
    seconds: secondsBetween(summary.TrainingStartTime, summary.TrainingEndTime),
  };
}

/** A tuning job that has ended, with its trials in the order they began. */
export async function readSearch(
  sagemaker: SageMakerClient,
  job: string,
): Promise<{ search: Search; trials: Trial[] }> {
  const described = await sagemaker.send(
    new DescribeHyperParameterTuningJobCommand({ HyperParameterTuningJobName: job }),
  );
  const pages = paginateListTrainingJobsForHyperParameterTuningJob(
    { client: sagemaker, pageSize: 100 },
    { HyperParameterTuningJobName: job, SortBy: 'CreationTime', SortOrder: 'Ascending' },
  );
  const trials: Trial[] = [];
  for await (const { TrainingJobSummaries = [] } of pages) {
    trials.push(...TrainingJobSummaries.map((summary) => toTrial(job, summary)));
  }
  const { CreationTime, HyperParameterTuningEndTime, HyperParameterTuningJobStatus } = described;
  const seconds = secondsBetween(CreationTime, HyperParameterTuningEndTime);
  return { search: { job, status: HyperParameterTuningJobStatus ?? 'unknown', seconds }, trials };
}
