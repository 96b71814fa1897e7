import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { canonicalJson } from '../shared/digest.ts';
import type { Ending, Executions } from './dispatcher.ts';
import { pipelineOutput } from './run.ts';

interface ExecutionFacts {
  status?: string | undefined;
  output?: string | undefined;
  error?: string | undefined;
  cause?: string | undefined;
}

const lambdaFailure = z.object({ errorMessage: z.string() }).transform(({ errorMessage }) => errorMessage);
const jobFailure = z.object({ FailureReason: z.string() }).transform(({ FailureReason }) => FailureReason);

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What Step Functions says of an inner execution that failed. */
const innerFailure = z.object({ Cause: z.string() }).transform(({ Cause }) => readCause(Cause));

/** The cause of a failed function or job is a JSON document about it; a person wants the message in it. */
function readCause(cause: string): string {
  const failure = z.union([lambdaFailure, jobFailure, innerFailure]).safeParse(readJson(cause));
  return failure.success ? failure.data : cause;
}

/** How an execution stands, from what Step Functions says of it. */
export function readEnding(facts: ExecutionFacts): Ending | 'running' {
  const failure = { error: facts.error ?? '', cause: readCause(facts.cause ?? '') };
  switch (facts.status) {
    case 'SUCCEEDED': {
      const output = pipelineOutput.safeParse(readJson(facts.output ?? 'null'));
      if (output.success) {
        // A reason may be the cause of a failure that a state caught.
        return { status: 'succeeded', output: { ...output.data, reason: readCause(output.data.reason) } };
      }
      return {
        status: 'failed',
        error: 'Evergreen.Internal',
        cause: 'the pipeline ended without saying how',
      };
    }
    case 'FAILED':
      return { status: 'failed', ...failure };
    case 'TIMED_OUT':
      return { status: 'timed-out', ...failure };
    case 'ABORTED':
      return { status: 'aborted', ...failure };
    default:
      return 'running';
  }
}

export function executionArn(stateMachineArn: string, runId: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${runId}`;
}

/** The pipeline's executions, named after their runs. */
export function pipelineExecutions(client: SFNClient, stateMachineArn: string): Executions {
  return {
    async start(input) {
      try {
        await client.send(
          new StartExecutionCommand({ stateMachineArn, name: input.runId, input: canonicalJson(input) }),
        );
      } catch (thrown) {
        if (!(thrown instanceof ExecutionAlreadyExists)) throw thrown;
      }
    },
    async describe(runId) {
      try {
        return readEnding(
          await client.send(
            new DescribeExecutionCommand({ executionArn: executionArn(stateMachineArn, runId) }),
          ),
        );
      } catch (thrown) {
        if (thrown instanceof ExecutionDoesNotExist) return undefined;
        throw thrown;
      }
    },
  };
}
