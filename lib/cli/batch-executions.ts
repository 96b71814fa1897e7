import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  DescribeMapRunCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  ListExecutionsCommand,
  ListMapRunsCommand,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { BatchRequest } from '../inference/batch/batch.ts';
import { executionArn, readEnding } from '../intake/executions.store.ts';
import { canonicalJson } from '../shared/digest.ts';
import { EvergreenError } from '../shared/errors.ts';

const mostAttempts = 99;

async function describe(sfn: SFNClient, arn: string): Promise<DescribeExecutionCommandOutput | undefined> {
  try {
    return await sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
  } catch (thrown) {
    if (thrown instanceof ExecutionDoesNotExist) return undefined;
    throw thrown;
  }
}

/**
 * The execution that works on a batch: the one that runs, or a new one when none does.
 *
 * The name of an execution that ended cannot be used again for 90 days, so names count the attempts. Each attempt goes
 * on from what the ones before it have left.
 */
export async function workOn(
  sfn: SFNClient,
  stateMachineArn: string,
  request: BatchRequest,
): Promise<{ arn: string; isNew: boolean }> {
  for (let attempt = 1; attempt <= mostAttempts; ) {
    const name = `${request.model}-${request.batchId}-${attempt}`;
    const arn = executionArn(stateMachineArn, name);
    const found = await describe(sfn, arn);
    if (found?.status === 'RUNNING') return { arn, isNew: false };
    if (found) {
      attempt++;
      continue;
    }
    try {
      await sfn.send(new StartExecutionCommand({ stateMachineArn, name, input: canonicalJson(request) }));
      return { arn, isNew: true };
    } catch (thrown) {
      // Somebody else began it in between; what it is doing is looked at again.
      if (!(thrown instanceof ExecutionAlreadyExists)) throw thrown;
    }
  }
  throw new EvergreenError(
    'batch-failed',
    `batch ${request.batchId} was tried ${mostAttempts} times; its executions say why they ended`,
  );
}

/** How far a batch is; undefined until its parts are known. */
export interface BatchProgress {
  done: number;
  total: number;
  startedAtMs: number;
  mapRunArn: string;
}

export async function readProgress(sfn: SFNClient, arn: string): Promise<BatchProgress | undefined> {
  const { mapRuns = [] } = await sfn.send(new ListMapRunsCommand({ executionArn: arn }));
  const [run] = mapRuns;
  if (!run?.mapRunArn) return undefined;
  const { itemCounts, startDate } = await sfn.send(new DescribeMapRunCommand({ mapRunArn: run.mapRunArn }));
  return {
    done: itemCounts?.succeeded ?? 0,
    total: itemCounts?.total ?? 0,
    startedAtMs: startDate?.getTime() ?? 0,
    mapRunArn: run.mapRunArn,
  };
}

export type BatchEnding = { status: 'running' } | { status: 'succeeded'; output: string };

/** @throws EvergreenError `batch-failed` with the reason of the first part that failed, or of the step that did. */
export async function readBatchEnding(sfn: SFNClient, arn: string, batchId: string): Promise<BatchEnding> {
  const found = await sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
  if (found.status === 'RUNNING') return { status: 'running' };
  if (found.status === 'SUCCEEDED') return { status: 'succeeded', output: found.output ?? 'null' };
  const reason =
    (found.error === 'States.ExceedToleratedFailureThreshold' ? await partFailure(sfn, arn) : undefined) ??
    failureOf(found);
  throw new EvergreenError('batch-failed', `batch ${batchId} ${found.status?.toLowerCase()}: ${reason}`, {
    details: { executionArn: arn },
  });
}

function failureOf(facts: Pick<DescribeExecutionCommandOutput, 'status' | 'error' | 'cause'>): string {
  const ending = readEnding(facts);
  if (ending === 'running' || ending.status === 'succeeded') return 'no reason was given';
  return ending.cause || ending.error || 'no reason was given';
}

async function partFailure(sfn: SFNClient, arn: string): Promise<string | undefined> {
  const progress = await readProgress(sfn, arn);
  if (!progress) return undefined;
  const { executions = [] } = await sfn.send(
    new ListExecutionsCommand({ mapRunArn: progress.mapRunArn, statusFilter: 'FAILED', maxResults: 1 }),
  );
  const [first] = executions;
  return first?.executionArn === undefined
    ? undefined
    : failureOf(await sfn.send(new DescribeExecutionCommand({ executionArn: first.executionArn })));
}
