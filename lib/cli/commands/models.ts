import { SendTaskFailureCommand, SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import { candidatesOf, findCandidate } from '../../registry/candidates.ts';
import type { Live, LogEntry } from '../../registry/registry.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { type Block, type CellValue, lines, type Outcome, table } from '../outcome.ts';
import { modelNames, requireModel } from '../stack-outputs.ts';

/** The name the pipeline catches when a person says no. */
const rejectedByPerson = 'Evergreen.RejectedByPerson';
/** Step Functions takes no longer cause. */
const longestCause = 2000;

/** What part a version plays right now. */
export function roleOf(live: Live, version: number): 'champion' | 'candidate' | 'previous' | null {
  if (live.champion?.version === version) return 'champion';
  if (findCandidate(live, version)) return 'candidate';
  if (live.previous?.version === version) return 'previous';
  return null;
}

export function liveRow(live: Live): CellValue[] {
  const candidates = candidatesOf(live).map(
    ({ version, weight }) => `${version} (${Number(weight.toFixed(2))} %)`,
  );
  return [
    live.model,
    live.champion?.version ?? null,
    candidates.length > 0 ? candidates.join(', ') : null,
    live.previous?.version ?? null,
    live.champion?.since ?? null,
  ];
}

export const liveColumns = ['model', 'champion', 'candidate', 'previous', 'champion since'];

export async function listModels(context: Context, model: string | undefined): Promise<Outcome> {
  const { outputs, registry } = await connect(context);
  if (model === undefined) {
    const models = await Promise.all(modelNames(outputs).map((name) => registry.readLive(name)));
    return { data: { models }, view: [table(liveColumns, models.map(liveRow), 'no model is deployed')] };
  }
  requireModel(outputs, model);
  const [live, versions] = await Promise.all([registry.readLive(model), registry.listVersions(model)]);
  const rows = versions.map((version) => ({ ...version, role: roleOf(live, version.version) }));
  return {
    data: { model, live, versions: rows },
    view: [
      table(
        ['version', 'role', 'made', 'metrics', 'run'],
        rows.map((row) => [
          row.version,
          row.role,
          row.createdAt,
          metricsText(row.metrics),
          row.lineage.runId,
        ]),
        `${model} has no version yet; upload data with \`npx evergreen upload ${model} <file>\``,
      ),
    ],
  };
}

function metricsText(metrics: Record<string, number>): string {
  return Object.entries(metrics)
    .slice(0, 3)
    .map(([name, value]) => `${name} ${Number(value.toFixed(4))}`)
    .join(', ');
}

interface Reasoned {
  why: string;
}

function changed(live: Live, text: string): Outcome {
  return { data: live, view: [lines(text), table(liveColumns, [liveRow(live)])] };
}

export async function promote(
  context: Context,
  model: string,
  version: number,
  { why }: Reasoned,
): Promise<Outcome> {
  const { outputs, registry, who } = await connect(context);
  requireModel(outputs, model);
  const before = await registry.readLive(model);
  const by = { who: await who(), why, at: context.now().toISOString() };
  const live = await registry.change(
    model,
    { kind: 'promote', version, expectedRevision: before.revision },
    by,
  );
  const text =
    live.revision === before.revision
      ? `version ${version} of ${model} is the champion already; nothing changed`
      : `version ${version} of ${model} is the champion now`;
  return changed(live, text);
}

export async function rollBack(
  context: Context,
  model: string,
  { why, to }: Reasoned & { to?: number | undefined },
): Promise<Outcome> {
  const { outputs, registry, who } = await connect(context);
  requireModel(outputs, model);
  const before = await registry.readLive(model);
  const by = { who: await who(), why, at: context.now().toISOString() };
  const live = await registry.change(
    model,
    { kind: 'roll-back', expectedRevision: before.revision, ...(to === undefined ? {} : { toVersion: to }) },
    by,
  );
  return changed(
    live,
    `${model} went back from version ${before.champion?.version ?? 'none'} to version ${live.champion?.version ?? 'none'}`,
  );
}

/** Lets a waiting run go on, or ends it. */
export async function decide(
  context: Context,
  runId: string,
  decision: 'approve' | 'reject',
  { why }: Reasoned,
): Promise<Outcome> {
  const connection = await connect(context);
  const { taskToken, version } = await connection.runs.readApproval(runId);
  const { model } = await connection.runs.read(runId);
  const who = await connection.who();
  await answerTask(connection, taskToken, decision, who, why, runId);
  await noteDecision(context, connection, { model, version, decision, who, why });
  const reason = `${decision === 'approve' ? 'approved' : 'rejected'} by ${who}: ${why}`;
  await connection.runs.update(runId, ['waiting-for-approval'], { status: 'running', reason });
  const text =
    decision === 'approve'
      ? `run ${runId} goes on with version ${version}; watch it with \`npx evergreen runs watch ${runId}\``
      : `run ${runId} ends as rejected; version ${version} is not rolled out`;
  return { data: { runId, version, decision, who, why }, view: [lines(text)] };
}

async function noteDecision(
  context: Context,
  { registry }: Connection,
  {
    model,
    version,
    decision,
    who,
    why,
  }: { model: string; version: number; decision: 'approve' | 'reject'; who: string; why: string },
): Promise<void> {
  const { revision, champion } = await registry.readLive(model);
  await registry.appendLog({
    model,
    at: context.now().toISOString(),
    revision,
    action: decision === 'approve' ? 'approved' : 'rejected',
    version,
    championBefore: champion?.version ?? null,
    championAfter: champion?.version ?? null,
    who,
    why,
    details: {},
  });
}

async function answerTask(
  { sfn }: Connection,
  taskToken: string,
  decision: 'approve' | 'reject',
  who: string,
  why: string,
  runId: string,
): Promise<void> {
  try {
    if (decision === 'approve') {
      await sfn.send(
        new SendTaskSuccessCommand({ taskToken, output: JSON.stringify({ decision, who, why }) }),
      );
    } else {
      const cause = `${who} rejected it: ${why}`.slice(0, longestCause);
      await sfn.send(new SendTaskFailureCommand({ taskToken, error: rejectedByPerson, cause }));
    }
  } catch (thrown) {
    const isOver =
      thrown instanceof Error && ['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'].includes(thrown.name);
    if (!isOver) throw thrown;
    throw new EvergreenError(
      'run-not-waiting',
      `run ${runId} waits no longer: somebody decided, or the time is over`,
      {
        cause: thrown,
      },
    );
  }
}

function logBlock(entries: LogEntry[], empty: string): Block {
  return table(
    ['time', 'what', 'version', 'champion', 'who', 'why'],
    entries.map((entry) => [
      entry.at,
      entry.action,
      entry.version,
      entry.championBefore === entry.championAfter
        ? entry.championAfter
        : `${entry.championBefore ?? '-'} → ${entry.championAfter ?? '-'}`,
      entry.who,
      entry.why,
    ]),
    empty,
  );
}

/** What is logged without a change of what is live. */
const leavingTraffic = new Set<LogEntry['action']>([
  'registered',
  'imported',
  'approved',
  'rejected',
  'alarm-judged',
  'retrain-asked',
  'rows-erased',
  'data-destroyed',
]);

const isOfTraffic = ({ action }: LogEntry) => !leavingTraffic.has(action);

/** Which version took traffic at a time, by the log up to then. */
export function championAt(entriesNewestFirst: LogEntry[]): number | null {
  return entriesNewestFirst.find(isOfTraffic)?.championAfter ?? null;
}

export async function showLog(
  context: Context,
  model: string,
  { at, limit }: { at?: string | undefined; limit?: number | undefined },
): Promise<Outcome> {
  const { outputs, registry } = await connect(context);
  requireModel(outputs, model);
  if (at === undefined) {
    const entries = await registry.readLog(model, { limit: limit ?? 50 });
    return { data: { model, entries }, view: [logBlock(entries, `nothing happened to ${model} yet`)] };
  }
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) {
    throw new EvergreenError('usage-invalid', `--at ${at} is no time; write it like 2026-05-01T12:00:00Z`);
  }
  const to = time.toISOString();
  const newest = limit ?? 50;
  const last = await registry.readLog(model, { to, limit: newest });
  // One query answers, but where nothing was moved for as many lines.
  const isTold = last.length < newest || last.some(isOfTraffic);
  const entries = isTold ? last : await registry.readLog(model, { to });
  const champion = championAt(entries);
  return {
    data: { model, at: to, champion, entries: entries.slice(0, newest) },
    view: [
      lines(
        `at ${to} ${champion === null ? `nothing of ${model} was live` : `version ${champion} of ${model} was the champion`}`,
      ),
      logBlock(entries.slice(0, newest), 'nothing had happened before'),
    ],
  };
}
