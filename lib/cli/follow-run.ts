import { setTimeout as sleep } from 'node:timers/promises';
import { isEnded, type Run } from '../intake/run.ts';
import type { Progress } from '../local/progress.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { Connection } from './connection.ts';
import { readTimings, type StateTiming } from './run-history.ts';
import { TrainingLog } from './training-log.ts';

/** Time between two looks: the engine is near, AWS counts calls. */
const lookEveryMs = { local: 300, aws: 3000 };
const longestWaitMs = 6 * 3_600_000;

export interface FollowedRun {
  run: Run;
  states: StateTiming[];
}

function elapsed(run: Run, now: Date): string {
  const seconds = (now.getTime() - Date.parse(run.createdAt)) / 1000;
  return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
}

/** How a state is told when it is over. */
export function stateLine({ part, state, seconds }: StateTiming): string {
  return `  ${part === 'pipeline' ? '' : `${part}: `}${state} ${seconds.toFixed(1)} s`;
}

/** States that only choose or shape data are over at once and say nothing to a person. */
const isTelling = (timing: StateTiming) => timing.seconds >= 0.05 || timing.endedAt === null;

/**
 * Follows a run to its end, or to where it waits for a person, and tells each state as it passes.
 *
 * @throws EvergreenError `wait-over` after six hours.
 */
export async function followRun(
  connection: Connection,
  runId: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<FollowedRun> {
  const log = new TrainingLog(connection.logs, runId);
  const told = new Set<string>();
  const deadline = Date.now() + longestWaitMs;
  for (;;) {
    const now = new Date();
    const run = await connection.runs.read(runId);
    const states = await readTimings(connection.sfn, connection.outputs, runId, now);
    for (const line of await log.next()) progress({ kind: 'note', text: `  | ${line}` });
    for (const timing of states) {
      const id = `${timing.part} ${timing.state} ${timing.startedAt}`;
      if (timing.endedAt === null || told.has(id)) continue;
      told.add(id);
      if (isTelling(timing)) progress({ kind: 'note', text: stateLine(timing) });
    }
    if (isEnded(run.status) || run.status === 'waiting-for-approval') return { run, states };
    if (Date.now() > deadline) {
      throw new EvergreenError(
        'wait-over',
        `run ${runId} goes on; look again with \`npx evergreen runs watch ${runId}\``,
      );
    }
    const current = states.findLast((timing) => timing.endedAt === null);
    progress({
      kind: 'step',
      text: `run ${runId}: ${current ? `${current.state} ${current.seconds.toFixed(1)} s` : run.status}, ${elapsed(run, now)} in all`,
    });
    await sleep(lookEveryMs[connection.target], undefined, { signal });
  }
}
