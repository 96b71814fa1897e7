import { DescribeExecutionCommand, ListMapRunsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from './connection.ts';
import { followBatch, progressText } from './follow-batch.ts';

const part = (n: number, rows: number) => ({ n, key: `k${n}`, sha256: '0'.repeat(64), bytes: 1, rows });

describe('progressText', () => {
  const manifest = { rows: 25_000, parts: [part(0, 10_000), part(1, 10_000), part(2, 5000)] };
  const at = (done: number) => ({ done, total: 3, startedAtMs: 1000, mapRunArn: 'run' });

  it('tells parts, rows and how fast they come', () => {
    expect(progressText(at(2), manifest, 3000)).toBe(
      'predict: 2 of 3 parts, 20,000 of 25,000 rows, 10,000 rows a second',
    );
    expect(progressText(at(3), manifest, 3000)).toContain('25,000 of 25,000 rows, 12,500 rows a second');
  });

  it('tells no speed before there is one, and no rows before they are known', () => {
    expect(progressText(at(0), manifest, 3000)).toBe('predict: 0 of 3 parts, 0 of 25,000 rows');
    expect(progressText(at(1), undefined, 3000)).toBe('predict: 1 of 3 parts');
  });
});

describe('followBatch', () => {
  const mock = mockClient(SFNClient);
  beforeEach(() => {
    mock.reset();
    mock.on(ListMapRunsCommand).resolves({ mapRuns: [] });
  });
  const connection = {
    sfn: new SFNClient({ region: 'eu-central-1' }),
    outputs: { DataBucket: 'data' },
    target: 'local',
  } as Connection;
  const request = {
    model: 'iris',
    version: 1,
    batchId: 'b-1',
    input: { bucket: 'data', key: 'k', versionId: 'v' },
    sha256: '0'.repeat(64),
  };
  const follow = (told: string[], signal = new AbortController().signal) =>
    followBatch(connection, 'arn', request, ({ text }) => void told.push(text), signal);

  it('tells that the file is read, and ends with the execution', async () => {
    const output = JSON.stringify({ outcome: 'answered', summaryKey: 's' });
    mock
      .on(DescribeExecutionCommand)
      .resolvesOnce({ status: 'RUNNING' })
      .resolves({ status: 'SUCCEEDED', output });
    const told: string[] = [];
    await follow(told);
    expect(told).toEqual(['predict: the file is read and cut into parts, 0 s']);
  });

  it('says why a file is refused', async () => {
    const output = JSON.stringify({ outcome: 'refused', reason: 'the file has no rows' });
    mock.on(DescribeExecutionCommand).resolves({ status: 'SUCCEEDED', output });
    await expect(follow([])).rejects.toMatchObject({
      code: 'batch-refused',
      message: 'the file is refused: the file has no rows',
    });
  });

  it('ends when it is interrupted', async () => {
    mock.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
    await expect(follow([], AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
