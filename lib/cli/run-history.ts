import { GetExecutionHistoryCommand, type HistoryEvent, type SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';

/** One state of an execution, with its times. `part` tells states of inner executions from the pipeline's. */
export interface StateTiming {
  part: 'pipeline' | 'training' | 'rollout';
  state: string;
  startedAt: string;
  endedAt: string | null;
  seconds: number;
}

/** An execution is named after its run; its ARN follows from the state machine's. */
export function executionArn(stateMachineArn: string, name: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}

/** States in the order they were entered. A state that is still on lasts until `now`. */
export function timingsOf(part: StateTiming['part'], events: HistoryEvent[], now: Date): StateTiming[] {
  const timings: StateTiming[] = [];
  let endedAt: Date | undefined;
  for (const event of events) {
    const at = event.timestamp ?? now;
    const entered = event.stateEnteredEventDetails?.name;
    const exited = event.stateExitedEventDetails?.name;
    if (entered !== undefined) {
      timings.push({ part, state: entered, startedAt: at.toISOString(), endedAt: null, seconds: 0 });
    }
    if (exited !== undefined)
      close(
        // The items of a map are in one state at once.
        timings.findLast((timing) => timing.state === exited && timing.endedAt === null),
        at,
      );
    if (/^Execution(Succeeded|Failed|TimedOut|Aborted)$/.test(event.type ?? '')) endedAt = at;
  }
  for (const timing of timings) {
    if (timing.endedAt !== null) continue;
    // A state that failed is left without an exit event.
    if (endedAt) close(timing, endedAt);
    else timing.seconds = secondsBetween(timing.startedAt, now);
  }
  return timings;
}

const secondsBetween = (from: string, to: Date) =>
  Math.max(0, Math.round(to.getTime() - Date.parse(from)) / 1000);

function close(timing: StateTiming | undefined, at: Date): void {
  if (!timing) return;
  timing.endedAt = at.toISOString();
  timing.seconds = secondsBetween(timing.startedAt, at);
}

const registered = z.looseObject({ version: z.int() });

/** States whose answer names the version that is rolled out: a new one, or an earlier one that is used again. */
const namingStates = ['RegisterVersion', 'PlanTraining'];

/** The rollout is an execution of its own, named after the run, its version and how often the run was redriven. */
export function rolloutNameIn(events: HistoryEvent[], runId: string): string | undefined {
  if (!events.some((event) => event.stateEnteredEventDetails?.name === 'RollOut')) return undefined;
  const redriven = events.findLast((event) => event.executionRedrivenEventDetails !== undefined);
  const redriveCount = redriven?.executionRedrivenEventDetails?.redriveCount ?? 0;
  for (const { stateExitedEventDetails: exited } of events.toReversed()) {
    if (exited?.output === undefined || !namingStates.includes(exited.name ?? '')) continue;
    const parsed = registered.safeParse(JSON.parse(exited.output));
    if (parsed.success) return `${runId}-v${parsed.data.version}-r${redriveCount}`;
  }
  return undefined;
}

/** Training is an execution of its own, named after the run and how often it had been redriven by then. */
export function trainingNameIn(events: HistoryEvent[], runId: string): string | undefined {
  if (!events.some((event) => event.stateEnteredEventDetails?.name === 'Train')) return undefined;
  let redriveCount = 0;
  for (const { executionRedrivenEventDetails: redriven, stateExitedEventDetails: exited } of events) {
    redriveCount = redriven?.redriveCount ?? redriveCount;
    if (exited?.name === 'Train') break;
  }
  return `${runId}-t-r${redriveCount}`;
}

async function readHistory(sfn: SFNClient, arn: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = await sfn.send(
        new GetExecutionHistoryCommand({
          executionArn: arn,
          maxResults: 1000,
          includeExecutionData: true,
          nextToken,
        }),
      );
      events.push(...(page.events ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  } catch (thrown) {
    // Not started yet, or so old that its history has expired.
    if (thrown instanceof Error && thrown.name === 'ExecutionDoesNotExist') return [];
    throw thrown;
  }
  return events;
}

/** The states a run went through so far, those of its training and its rollout included. */
export async function readTimings(
  sfn: SFNClient,
  machines: { PipelineArn: string; TrainingArn: string; RolloutArn: string },
  runId: string,
  now: Date,
): Promise<StateTiming[]> {
  const events = await readHistory(sfn, executionArn(machines.PipelineArn, runId));
  const timings = timingsOf('pipeline', events, now);
  const inner: [part: StateTiming['part'], machine: string, name: string | undefined][] = [
    ['training', machines.TrainingArn, trainingNameIn(events, runId)],
    ['rollout', machines.RolloutArn, rolloutNameIn(events, runId)],
  ];
  for (const [part, machine, name] of inner) {
    if (name === undefined) continue;
    timings.push(...timingsOf(part, await readHistory(sfn, executionArn(machine, name)), now));
  }
  return timings;
}
