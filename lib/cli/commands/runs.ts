import { isEnded, type Run } from '../../intake/run.ts';
import { exitCode } from '../../shared/errors.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { followRun } from '../follow-run.ts';
import { type JudgedRows, judgedText, readJudgedRows } from '../judged-rows.ts';
import { type Block, fields, type Outcome, table } from '../outcome.ts';
import { readTimings, type StateTiming } from '../run-history.ts';
import { requireModel } from '../stack-outputs.ts';
import { readTuning, tuningView } from '../tuning-view.ts';

/** Seconds from its arrival to its end, or to now. */
export function secondsOf(run: Run, now: Date): number {
  const end = run.endedAt === null ? now.getTime() : Date.parse(run.endedAt);
  return Math.round((end - Date.parse(run.createdAt)) / 100) / 10;
}

export const runColumns = ['run', 'model', 'status', 'version', 'began', 'seconds', 'reason'];

export function runRow(run: Run, now: Date) {
  return [run.runId, run.model, run.status, run.version, run.createdAt, secondsOf(run, now), run.reason];
}

export async function listRuns(
  context: Context,
  { model, limit }: { model?: string | undefined; limit?: number | undefined },
): Promise<Outcome> {
  const { outputs, runs } = await connect(context);
  if (model !== undefined) requireModel(outputs, model);
  const found = await runs.list({ model, limit: limit ?? 20 });
  const now = context.now();
  return {
    data: { runs: found },
    view: [
      table(
        runColumns,
        found.map((run) => runRow(run, now)),
        'no run yet',
      ),
    ],
  };
}

export function runView(
  run: Run,
  states: StateTiming[],
  now: Date,
  judged: JudgedRows | null = null,
): Block[] {
  return [
    fields(
      ['run', run.runId],
      ['model', run.model],
      ['status', run.status],
      ['reason', run.reason],
      ['began because', `${run.trigger.kind}: ${run.trigger.reason}`],
      [
        'source',
        run.source ? `s3://${run.source.bucket}/${run.source.key} (version ${run.source.versionId})` : null,
      ],
      ['dataset', run.datasetId],
      ['version', run.version],
      ...(judged ? [['judged by', judgedText(judged)] as [string, string]] : []),
      ['report', run.reportKey],
      ['began', run.createdAt],
      ['ended', run.endedAt],
      ['seconds', secondsOf(run, now)],
    ),
    table(
      ['part', 'state', 'began', 'seconds', ''],
      states.map((timing) => [
        timing.part,
        timing.state,
        timing.startedAt,
        timing.seconds.toFixed(2),
        timing.endedAt === null ? 'now' : '',
      ]),
      'no state was entered yet',
    ),
  ];
}

export async function showRun(context: Context, runId: string): Promise<Outcome> {
  const connection = await connect(context);
  const { outputs, runs, sfn, s3 } = connection;
  const run = await runs.read(runId);
  const now = context.now();
  const [states, tuning, judged] = await Promise.all([
    readTimings(sfn, outputs, runId, now),
    readTuning(s3, outputs.ModelBucket, run.model, runId),
    run.version === null ? null : readJudgedRows(connection, run.model, run.version),
  ]);
  const view = [...runView(run, states, now, judged), ...(tuning ? tuningView(tuning) : [])];
  return { data: { run, states, tuning, judged }, view };
}

/** A run that was followed to a bad end makes the command fail, so that scripts see it. */
export function exitCodeOfRun(run: Run): number {
  if (run.status === 'failed' || run.status === 'aborted') return exitCode.internal;
  if (['rejected', 'rolled-back', 'refused'].includes(run.status)) return exitCode['not-allowed'];
  return 0;
}

export async function watchRun(context: Context, runId: string): Promise<Outcome> {
  const connection = await connect(context);
  const { run, states } = await followRun(connection, runId, context.progress);
  return {
    data: { run, states },
    view: runView(run, states, context.now()),
    exitCode: isEnded(run.status) ? exitCodeOfRun(run) : 0,
  };
}
