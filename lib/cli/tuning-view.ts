import type { S3Client } from '@aws-sdk/client-s3';
import { readBytes } from '../shared/objects.ts';
import { type TuningReport, tuningReport, tuningReportKey } from '../training/tuning-report.ts';
import { type Block, fields, lines, table } from './outcome.ts';

/** What the searches of a run tried; null when it made none. */
export async function readTuning(
  s3: S3Client,
  bucket: string,
  model: string,
  runId: string,
): Promise<TuningReport | null> {
  const bytes = await readBytes(s3, { bucket, key: tuningReportKey(model, runId) });
  return bytes === undefined ? null : tuningReport.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

const rounded = (value: number | null, digits = 4) => (value === null ? null : Number(value.toFixed(digits)));

/** The searches of a run for a person: what was best, what mattered, every trial. */
export function tuningView(report: TuningReport): Block[] {
  const { objective, searches, spent, exhausted, importance, trials, best } = report;
  const names = Object.keys(trials[0]?.hyperparameters ?? {});
  const shares = Object.entries(importance.shares ?? {}).sort(([, a], [, b]) => b - a);
  return [
    fields(
      ['search', `${report.strategy}, ${objective.goal} ${objective.metric}`],
      ['searches', searches.length],
      ['best', best && `${rounded(best.objective, 6)} by ${best.job}`],
      ['minutes', rounded(spent.minutes, 2)],
      ['machine minutes', rounded(spent.machineMinutes, 2)],
      ['money', rounded(spent.money)],
      ['no further search', exhausted],
    ),
    shares.length === 0
      ? lines(`importance of the hyperparameters: unknown, ${importance.why}`)
      : table(
          ['hyperparameter', 'importance'],
          shares.map(([name, share]) => [name, rounded(share)]),
        ),
    table(
      ['trial', ...names, objective.metric, 'status', 'seconds'],
      trials.map((trial, index) => [
        `${index + 1}${trial.job === best?.job ? ' (best)' : ''}`,
        ...names.map((name) => trial.hyperparameters[name] ?? null),
        rounded(trial.objective, 6),
        trial.status,
        rounded(trial.seconds, 1),
      ]),
    ),
  ];
}
