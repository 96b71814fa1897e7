import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { aDeployedModel, uploadMessage } from '../../lib/intake/fixtures/builders.ts';
import { modelsFile } from '../../lib/model/deployed-models.ts';
import { stubFunction } from '../../lib/shared/fixtures/invoke.ts';
import { handler } from './handler.ts';

const documents = mockClient(DynamoDBDocumentClient);
const sfn = mockClient(SFNClient);
const s3 = mockClient(S3Client);

const deployed = aDeployedModel();
const folder = mkdtempSync(join(tmpdir(), 'evergreen-accept-'));
writeFileSync(join(folder, modelsFile), JSON.stringify([deployed]));

const anEvent = (...bodies: string[]): SQSEvent =>
  ({ Records: bodies.map((body, index) => ({ messageId: `m${index}`, body })) }) as SQSEvent;

/** As much of a table as the run list needs: items come back, conditions on what is there hold. */
function keepItems(): Map<string, Record<string, unknown>> {
  const items = new Map<string, Record<string, unknown>>();
  documents.on(GetCommand).callsFake(({ Key }) => ({ Item: items.get(`${Key.pk} ${Key.sk}`) }));
  documents.on(PutCommand).callsFake(({ Item }) => {
    items.set(`${Item.pk} ${Item.sk}`, Item);
    return {};
  });
  documents.on(UpdateCommand).resolves({});
  return items;
}

let lines: string[] = [];
beforeEach(() => {
  for (const mock of [documents, sfn, s3]) mock.reset();
  vi.restoreAllMocks();
  lines = stubFunction('RUNS_TABLE', 'DATA_BUCKET', 'PIPELINE_ARN');
  vi.stubEnv('LAMBDA_TASK_ROOT', folder);
  sfn.on(StartExecutionCommand).resolves({});
  sfn.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
  s3.on(PutObjectCommand).resolves({});
});

describe('accept-arrivals', () => {
  it('keeps the definition, starts the pipeline and logs the run', async () => {
    keepItems();
    expect(await handler(anEvent(uploadMessage()))).toEqual({ batchItemFailures: [] });
    const [kept] = s3.commandCalls(PutObjectCommand);
    expect(kept?.args[0].input).toMatchObject({
      Bucket: 'DATA_BUCKET',
      Key: `definitions/iris/${deployed.digest}.json`,
    });
    const [started] = sfn.commandCalls(StartExecutionCommand);
    const input = JSON.parse(started?.args[0].input.input ?? '');
    expect(input).toMatchObject({ model: 'iris', definitionDigest: deployed.digest });
    expect(started?.args[0].input).toMatchObject({ stateMachineArn: 'PIPELINE_ARN', name: input.runId });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      message: 'arrival',
      messageId: 'm0',
      runId: input.runId,
    });
  });

  it('reports the messages that failed, and those alone', async () => {
    keepItems();
    const event = anEvent('no json', uploadMessage(), uploadMessage({ key: 'incoming/tulip/a.csv' }));
    expect(await handler(event)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(['error', 'info', 'info']);
    expect(lines.map((line) => JSON.parse(line).status)).toEqual([undefined, expect.any(String), 'refused']);
  });

  it('leaves an arrival to the queue whose run could not be started', async () => {
    keepItems();
    sfn.on(StartExecutionCommand).rejects(new Error('throttled'));
    expect(await handler(anEvent(uploadMessage()))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm0' }],
    });
  });
});
