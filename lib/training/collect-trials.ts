import * as z from 'zod';
import type { DeployedModel } from '../model/deployed-model.ts';
import { digest } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';
import { nextSearch } from './tuning-budget.ts';
import {
  costOf,
  reportTuning,
  type Search,
  sentenceOf,
  type Trial,
  type TuningReport,
  tuningReportKey,
} from './tuning-report.ts';

export const trialsRequest = z.object({
  runId: z.string(),
  model: z.string(),
  datasetId: z.string(),
  definitionDigest: digest,
  /** Names of the searches of the run so far, the one that has just ended last. */
  searches: z.array(z.string()).min(1),
  /** What the first search was asked for; the next is asked for the same within other limits. */
  firstSearch: z.looseObject({
    HyperParameterTuningJobName: z.string(),
    HyperParameterTuningJobConfig: z.looseObject({
      Strategy: z.enum(['Grid', 'Random', 'Bayesian']),
      ResourceLimits: z.looseObject({ MaxParallelTrainingJobs: z.int() }),
      RandomSeed: z.int().optional(),
    }),
  }),
});
export type TrialsRequest = z.infer<typeof trialsRequest>;

export interface TrialsParts {
  readDeployed(): Promise<DeployedModel>;
  readSearch(job: string): Promise<{ search: Search; trials: Trial[] }>;
  writeReport(report: TuningReport): Promise<void>;
}

/** What the state machine goes on with. */
export interface TrialsOutcome {
  /** The training job whose model is the best of all searches. */
  bestJob: string;
  searches: string[];
  reportKey: string;
  /** What a refused run says of its searches. */
  summary: string;
  /** The request of the search to make if the gate refuses the best; null when the budget leaves none. */
  next: Record<string, unknown> | null;
}

/**
 * Gathers what all searches of a run tried and found, writes the report, and says what the budget leaves.
 *
 * @throws EvergreenError `training-output-invalid` when no trial completed.
 */
export async function collectTrials(parts: TrialsParts, request: TrialsRequest): Promise<TrialsOutcome> {
  const { runId, model, datasetId, definitionDigest, searches: names, firstSearch } = request;
  const [{ definition }, found] = await Promise.all([
    parts.readDeployed(),
    Promise.all(names.map(parts.readSearch)),
  ]);
  const { train } = definition;
  if (!train.tune) {
    throw new EvergreenError(
      'request-invalid',
      `the definition ${definitionDigest} of ${model} does not tune`,
    );
  }
  const searches = found.map(({ search }) => search);
  const trials = found.flatMap((each) => each.trials);
  const next = nextSearch(firstSearch, train, train.tune, costOf(searches, trials), names);
  const exhausted = 'reason' in next ? next.reason : null;
  const about = { runId, datasetId, definitionDigest, definition };
  const report = reportTuning(about, train.tune, searches, trials, exhausted);
  await parts.writeReport(report);
  if (!report.best) {
    throw new EvergreenError('training-output-invalid', `${sentenceOf(report)}: there is no model to judge`);
  }
  return {
    bestJob: report.best.job,
    searches: names,
    reportKey: tuningReportKey(model, runId),
    summary: sentenceOf(report),
    next: 'reason' in next ? null : { ...next.request },
  };
}
