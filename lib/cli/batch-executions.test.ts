import {
  DescribeExecutionCommand,
  DescribeMapRunCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  ListExecutionsCommand,
  ListMapRunsCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { readBatchEnding, readProgress, workOn } from './batch-executions.ts';

const mock = mockClient(SFNClient);
const sfn = new SFNClient({ region: 'eu-central-1' });
const machine = 'arn:aws:states:eu-central-1:111122223333:stateMachine:Batch';
const arn = (attempt: number) =>
  `arn:aws:states:eu-central-1:111122223333:execution:Batch:iris-b-1-${attempt}`;
const request = {
  model: 'iris',
  version: 3,
  batchId: 'b-1',
  input: { bucket: 'data', key: 'batches/iris/b-1/input/input.csv', versionId: 'v1' },
  sha256: 'a'.repeat(64),
};
const none = new ExecutionDoesNotExist({ message: 'no', $metadata: {} });

/** The states of the attempts there were, first to last. */
function attempts(...statuses: ('RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED')[]): void {
  mock.on(DescribeExecutionCommand).rejects(none);
  for (const [place, status] of statuses.entries()) {
    mock.on(DescribeExecutionCommand, { executionArn: arn(place + 1) }).resolves({ status });
  }
}

beforeEach(() => mock.reset());

describe('workOn', () => {
  beforeEach(() => {
    mock.on(StartExecutionCommand).resolves({});
  });

  it('begins the first attempt', async () => {
    attempts();
    expect(await workOn(sfn, machine, request)).toEqual({ arn: arn(1), isNew: true });
    expect(mock.commandCalls(StartExecutionCommand)[0]?.args[0].input).toMatchObject({ name: 'iris-b-1-1' });
  });

  it('follows the one that runs', async () => {
    attempts('FAILED', 'RUNNING');
    expect(await workOn(sfn, machine, request)).toEqual({ arn: arn(2), isNew: false });
    expect(mock.commandCalls(StartExecutionCommand)).toEqual([]);
  });

  it('begins another after those that ended, whatever became of them', async () => {
    attempts('FAILED', 'ABORTED', 'SUCCEEDED');
    expect(await workOn(sfn, machine, request)).toEqual({ arn: arn(4), isNew: true });
  });

  it('follows what somebody else began in between', async () => {
    const taken = new ExecutionAlreadyExists({ message: 'taken', $metadata: {} });
    mock.on(DescribeExecutionCommand).rejectsOnce(none).resolves({ status: 'RUNNING' });
    mock.on(StartExecutionCommand).rejects(taken);
    expect(await workOn(sfn, machine, request)).toEqual({ arn: arn(1), isNew: false });
  });

  it('gives up in the end, and at once on what it does not know', async () => {
    mock.on(DescribeExecutionCommand).resolves({ status: 'FAILED' });
    await expect(workOn(sfn, machine, request)).rejects.toMatchObject({ code: 'batch-failed' });
    mock.on(DescribeExecutionCommand).rejects(new Error('no network'));
    await expect(workOn(sfn, machine, request)).rejects.toThrow('no network');
    mock.on(DescribeExecutionCommand).rejects(none);
    mock.on(StartExecutionCommand).rejects(new Error('denied'));
    await expect(workOn(sfn, machine, request)).rejects.toThrow('denied');
  });
});

describe('readProgress', () => {
  it('tells nothing before the parts are known, then how many are done', async () => {
    mock.on(ListMapRunsCommand).resolves({ mapRuns: [] });
    expect(await readProgress(sfn, arn(1))).toBeUndefined();
    const run = { executionArn: arn(1), mapRunArn: 'run', stateMachineArn: machine, startDate: new Date(5) };
    mock.on(ListMapRunsCommand).resolves({ mapRuns: [run] });
    const counts = {
      pending: 1,
      running: 1,
      succeeded: 2,
      failed: 0,
      timedOut: 0,
      aborted: 0,
      total: 4,
      resultsWritten: 0,
    };
    mock.on(DescribeMapRunCommand).resolves({ itemCounts: counts, startDate: new Date(5) });
    expect(await readProgress(sfn, arn(1))).toEqual({ done: 2, total: 4, startedAtMs: 5, mapRunArn: 'run' });
  });
});

describe('readBatchEnding', () => {
  it('tells what runs from what succeeded', async () => {
    mock
      .on(DescribeExecutionCommand)
      .resolvesOnce({ status: 'RUNNING' })
      .resolves({ status: 'SUCCEEDED', output: '{}' });
    expect(await readBatchEnding(sfn, arn(1), 'b-1')).toEqual({ status: 'running' });
    expect(await readBatchEnding(sfn, arn(1), 'b-1')).toEqual({ status: 'succeeded', output: '{}' });
  });

  const lambda = JSON.stringify({
    errorType: 'Evergreen.NotAllowed',
    errorMessage: 'golden-mismatch: row 3',
  });

  it('gives the reason of the step that failed', async () => {
    mock
      .on(DescribeExecutionCommand)
      .resolves({ status: 'FAILED', error: 'Evergreen.NotAllowed', cause: lambda });
    await expect(readBatchEnding(sfn, arn(1), 'b-1')).rejects.toMatchObject({
      code: 'batch-failed',
      message: 'batch b-1 failed: golden-mismatch: row 3',
    });
    mock.on(DescribeExecutionCommand).resolves({ status: 'ABORTED' });
    await expect(readBatchEnding(sfn, arn(1), 'b-1')).rejects.toThrow(
      'batch b-1 aborted: no reason was given',
    );
  });

  it('gives the reason of the first part that failed, which the map does not', async () => {
    const error = 'States.ExceedToleratedFailureThreshold';
    mock
      .on(DescribeExecutionCommand, { executionArn: arn(1) })
      .resolves({ status: 'FAILED', error, cause: 'exceeded' });
    const run = { executionArn: arn(1), mapRunArn: 'run', stateMachineArn: machine, startDate: new Date(5) };
    mock.on(ListMapRunsCommand).resolves({ mapRuns: [run] });
    mock.on(DescribeMapRunCommand).resolves({ startDate: new Date(5) });
    mock.on(ListExecutionsCommand).resolves({ executions: [] });
    await expect(readBatchEnding(sfn, arn(1), 'b-1')).rejects.toThrow('batch b-1 failed: exceeded');
    const child = {
      executionArn: 'child',
      stateMachineArn: machine,
      name: 'c',
      status: 'FAILED' as const,
      startDate: new Date(6),
    };
    mock.on(ListExecutionsCommand).resolves({ executions: [child] });
    mock
      .on(DescribeExecutionCommand, { executionArn: 'child' })
      .resolves({ status: 'FAILED', error: 'E', cause: lambda });
    await expect(readBatchEnding(sfn, arn(1), 'b-1')).rejects.toThrow(
      'batch b-1 failed: golden-mismatch: row 3',
    );
  });
});
