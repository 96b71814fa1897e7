import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { executionArn, pipelineExecutions, readEnding } from './executions.store.ts';

const sfn = mockClient(SFNClient);
const machine = 'arn:aws:states:eu-central-1:111122223333:stateMachine:Pipeline';
const executions = pipelineExecutions(new SFNClient({ region: 'eu-central-1' }), machine);
const input = {
  runId: 'iris-1',
  model: 'iris',
  trigger: { kind: 'upload' as const, reason: 'a.csv' },
  source: { bucket: 'data', key: 'incoming/iris/a.csv', versionId: 'v1' },
  definitionDigest: 'd',
};

beforeEach(() => sfn.reset());

describe('readEnding', () => {
  const output = { outcome: 'rejected', reason: 'too few rows', datasetId: 'ds-1', reportKey: 'r' };

  it('reads what the pipeline says of itself', () => {
    expect(readEnding({ status: 'SUCCEEDED', output: JSON.stringify(output) })).toEqual({
      status: 'succeeded',
      output,
    });
  });

  it('takes the message out of a cause that a state handed on as reason', () => {
    const reason = JSON.stringify({ errorType: 'Evergreen.Conflict', errorMessage: 'revision-conflict: no' });
    expect(readEnding({ status: 'SUCCEEDED', output: JSON.stringify({ ...output, reason }) })).toMatchObject({
      output: { reason: 'revision-conflict: no' },
    });
  });

  it.each([undefined, 'null', '{}', 'no json', '{"outcome":"great","reason":"x"}'])(
    'takes the output %j for a failure',
    (text) => {
      expect(readEnding({ status: 'SUCCEEDED', output: text })).toEqual({
        status: 'failed',
        error: 'Evergreen.Internal',
        cause: 'the pipeline ended without saying how',
      });
    },
  );

  it.each([
    ['FAILED', 'failed'],
    ['TIMED_OUT', 'timed-out'],
    ['ABORTED', 'aborted'],
  ])('reads %s with its cause', (status, expected) => {
    expect(readEnding({ status, error: 'E', cause: 'plain words' })).toEqual({
      status: expected,
      error: 'E',
      cause: 'plain words',
    });
    expect(readEnding({ status })).toEqual({ status: expected, error: '', cause: '' });
  });

  it('takes the message out of the cause of a failed function', () => {
    const cause = JSON.stringify({ errorType: 'E', errorMessage: 'upload-missing: gone', trace: ['at x'] });
    expect(readEnding({ status: 'FAILED', error: 'E', cause })).toMatchObject({
      cause: 'upload-missing: gone',
    });
    const other = '{"TrainingJobStatus":"Failed"}';
    expect(readEnding({ status: 'FAILED', error: 'E', cause: other })).toMatchObject({ cause: other });
  });

  it.each(['RUNNING', 'PENDING_REDRIVE', undefined])('does not take %s for an end', (status) => {
    expect(readEnding({ status })).toBe('running');
  });
});

describe('pipelineExecutions', () => {
  it('names an execution after its run', async () => {
    sfn.on(StartExecutionCommand).resolves({});
    await executions.start(input);
    const [call] = sfn.commandCalls(StartExecutionCommand);
    expect(call?.args[0].input).toMatchObject({ stateMachineArn: machine, name: 'iris-1' });
    expect(JSON.parse(call?.args[0].input.input ?? '')).toEqual(input);
    expect(executionArn(machine, 'iris-1')).toBe(
      'arn:aws:states:eu-central-1:111122223333:execution:Pipeline:iris-1',
    );
  });

  it('begins with the same bytes for the same run', async () => {
    sfn.on(StartExecutionCommand).resolves({});
    await executions.start(input);
    await executions.start({ ...Object.fromEntries(Object.entries(input).reverse()), ...input });
    const [first, second] = sfn.commandCalls(StartExecutionCommand).map((call) => call.args[0].input.input);
    expect(second).toBe(first);
  });

  it('counts an execution that is there already as started, and nothing else', async () => {
    sfn.on(StartExecutionCommand).rejectsOnce(new ExecutionAlreadyExists({ message: 'x', $metadata: {} }));
    await expect(executions.start(input)).resolves.toBeUndefined();
    sfn.on(StartExecutionCommand).rejects(new Error('throttled'));
    await expect(executions.start(input)).rejects.toThrow('throttled');
  });

  it('knows none of a name that was never started', async () => {
    sfn.on(DescribeExecutionCommand).rejectsOnce(new ExecutionDoesNotExist({ message: 'x', $metadata: {} }));
    expect(await executions.describe('iris-1')).toBeUndefined();
    sfn.on(DescribeExecutionCommand).rejects(new Error('throttled'));
    await expect(executions.describe('iris-1')).rejects.toThrow('throttled');
  });
});
