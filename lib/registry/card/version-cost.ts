import type { TrainingDefinition } from '../../model/training.ts';
import type { TrainingRecord } from '../../training/model-package.ts';
import type { TuningReport } from '../../training/tuning-report.ts';
import type { VersionCost } from './model-card.ts';

/**
 * What it took to train a version. A search counts with all its trials, also those that led nowhere: without them there
 * would be no best one.
 */
export function costOfVersion(
  { instanceCount, instanceType, pricePerHour }: TrainingDefinition,
  { durationSeconds }: Pick<TrainingRecord, 'durationSeconds'>,
  tuning: Pick<TuningReport, 'trials'> | null,
): VersionCost {
  const trainingSeconds = tuning
    ? tuning.trials.reduce((sum, { seconds }) => sum + seconds, 0)
    : durationSeconds;
  return {
    trainingSeconds,
    trials: tuning?.trials.length ?? null,
    instances: instanceCount,
    instanceType,
    pricePerHour: pricePerHour ?? null,
    money: pricePerHour === undefined ? null : (trainingSeconds / 3600) * instanceCount * pricePerHour,
  };
}
