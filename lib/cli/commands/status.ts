import { type CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import type { Run } from '../../intake/run.ts';
import { inspectEngine } from '../../local/engine.ts';
import { engineEndpoint } from '../../local/engine-environment.ts';
import type { Live } from '../../registry/registry.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { captureColumns, captureRow, readCaptures } from '../capture-view.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { type Block, type CellValue, fields, type Outcome, table } from '../outcome.ts';
import { modelNames } from '../stack-outputs.ts';
import { stageOf, targetOf } from '../target.ts';
import { liveColumns, liveRow } from './models.ts';
import { runColumns, runRow } from './runs.ts';

const runsShown = 5;

interface AlarmState {
  name: string;
  state: string;
  since: string | null;
  reason: string;
}

/** Alarms of a stage; on AWS the account may hold others. */
async function readAlarms(cloudwatch: CloudWatchClient, stage: string): Promise<AlarmState[]> {
  const alarms: AlarmState[] = [];
  let next: string | undefined;
  do {
    const page = await cloudwatch.send(
      new DescribeAlarmsCommand({ AlarmNamePrefix: `evergreen-${stage}`, NextToken: next }),
    );
    for (const alarm of page.MetricAlarms ?? []) {
      alarms.push({
        name: alarm.AlarmName ?? '',
        state: alarm.StateValue ?? 'INSUFFICIENT_DATA',
        since:
          alarm.StateTransitionedTimestamp?.toISOString() ??
          alarm.StateUpdatedTimestamp?.toISOString() ??
          null,
        reason: alarm.StateReason ?? '',
      });
    }
    next = page.NextToken;
  } while (next !== undefined);
  return alarms;
}

async function tryConnect(context: Context): Promise<Connection | EvergreenError> {
  try {
    return await connect(context);
  } catch (thrown) {
    // What is not there is what status is asked for; anything else is a failure.
    if (thrown instanceof EvergreenError && ['engine-unavailable', 'stack-missing'].includes(thrown.code))
      return thrown;
    throw thrown;
  }
}

/** How everything is, whatever of it is there. */
export async function status(context: Context): Promise<Outcome> {
  const { options, home } = context;
  const target = targetOf(options, home);
  const stage = stageOf(options, target);
  const engine = target === 'local' ? await inspectEngine(home) : undefined;
  const connection = await tryConnect(context);
  const head: [string, CellValue][] = [
    ['target', target],
    ['stage', stage],
  ];
  if (engine) head.push(['engine', engineText(engine)]);
  const engineData = engine ? { state: engine.state, ...engine.record } : null;
  if (connection instanceof EvergreenError) {
    return {
      data: {
        target,
        stage,
        engine: engineData,
        stack: null,
        models: [],
        runs: [],
        alarms: [],
        captures: [],
      },
      view: [fields(...head, ['stack', connection.message])],
    };
  }
  const [models, runs, alarms, captures] = await Promise.all([
    Promise.all(modelNames(connection.outputs).map((name) => connection.registry.readLive(name))),
    connection.runs.list({ limit: runsShown }),
    readAlarms(connection.cloudwatch, stage),
    readCaptures(connection, context.now()),
  ]);
  const stack = { name: connection.stack, status: connection.stackStatus, apiUrl: connection.api.url };
  return {
    data: { target, stage, engine: engineData, stack, models, runs, alarms, captures },
    view: [
      fields(...head, ['stack', `${stack.name} (${stack.status})`], ['api', stack.apiUrl]),
      ...views(models, runs, alarms, context.now()),
      table(captureColumns, captures.map(captureRow), 'nothing is captured'),
    ],
  };
}

function engineText({ state, record }: Awaited<ReturnType<typeof inspectEngine>>): string {
  if (!record) return 'stopped';
  const where = `${engineEndpoint(record.port)}, process ${record.pid}${record.auth ? ', IAM checks on' : ''}`;
  return state === 'running'
    ? `running (${where})`
    : `${state} (${where}); \`npx evergreen up\` starts it again`;
}

function views(models: Live[], runs: Run[], alarms: AlarmState[], now: Date): Block[] {
  const raised = alarms.filter((alarm) => alarm.state === 'ALARM');
  return [
    table(liveColumns, models.map(liveRow), 'no model is deployed'),
    table(
      runColumns,
      runs.map((run) => runRow(run, now)),
      'no run yet',
    ),
    table(
      ['alarm', 'since', 'reason'],
      raised.map((alarm) => [alarm.name, alarm.since, alarm.reason]),
      `no alarm is raised (${alarms.length} watch)`,
    ),
  ];
}
