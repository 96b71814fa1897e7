import type {
  CreateHyperParameterTuningJobRequest,
  CreateTrainingJobRequest,
} from '@aws-sdk/client-sagemaker';
import type { ModelDefinition } from '../model/definition.ts';
import { parallelTrialsOf, trialsOf } from '../model/tuning.ts';
import type { FederationPlan } from './federated-jobs.ts';
import { limitsOfNext, nothingSpent } from './tuning-budget.ts';

/** What the Train and Tune states send, or the version that makes training needless. */
export type TrainingPlan = {
  approval: ModelDefinition['rollout']['approval'];
  approvalTimeoutSeconds: number;
} & (
  | {
      outcome: 'reuse';
      version: number;
      reason: string;
      /** Nothing is served yet: the run that made the version did not get to its end, or a person refused it. */
      rollOut: boolean;
    }
  | {
      outcome: 'train';
      codeDigest: string;
      trainingJob: CreateTrainingJobRequest;
      tuningJob: CreateHyperParameterTuningJobRequest | null;
      /** Whether the search takes the place of the single job. */
      tuneFirst: boolean;
      /** Parties that train in place of the single job. */
      federation: FederationPlan | null;
      jobTimeoutSeconds: number;
    }
);

/** Minutes a job may wait for its machine and fetch its data, beyond its own run time. */
const startMinutes = 30;

/** Seconds after which the state gives up on a job and stops it. */
export function jobTimeoutSeconds({ train }: ModelDefinition): number {
  const { tune, maxRuntimeMinutes } = train;
  const one = maxRuntimeMinutes * 60;
  if (!tune) return one + startMinutes * 60;
  const rounds = Math.ceil(trialsOf(tune) / parallelTrialsOf(tune));
  const first = limitsOfNext(train, tune, nothingSpent);
  const limit = 'limits' in first ? first.limits.MaxRuntimeInSeconds : undefined;
  return Math.max(one, Math.min(one * rounds, limit ?? Number.POSITIVE_INFINITY)) + startMinutes * 60;
}

/** What is live of a model, as far as it matters here. */
interface Served {
  model: string;
  champion: { version: number } | null;
}

/** Why nothing is trained, and when the version it would lead to is not the one that answers, how it could be. */
export function reasonOfReuse(version: number, { model, champion }: Served): string {
  const reason = `the same data and definition led to version ${version}; nothing was trained`;
  if (champion === null || champion.version === version) return reason;
  return `${reason}. Version ${champion.version} is served: make it version ${version} with \`evergreen models promote ${model} ${version} --why …\`, or train again with \`evergreen upload --force\``;
}
