import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { FilterLogEventsCommand, CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { setTimeout as sleep } from 'node:timers/promises';
import { it } from 'vitest';
import { runList } from './documents.ts';
import { Platform } from './platform.ts';
it('burst', async () => {
  const platform = new Platform();
  await platform.start({ bakeSeconds: 1, auth: true, models: 'batch-models' });
  const s3 = new S3Client(platform.client);
  const Bucket = await platform.output('DataBucket');
  const begun = Date.now();
  for (let i = 0; i < 500; i += 50)
    await Promise.all(Array.from({ length: 50 }, (_, k) => s3.send(new PutObjectCommand({ Bucket, Key: `incoming/plants/burst-${i + k}.csv`, Body: 'tag,height,leaves,soil,state\nplant-1,1,1,sand' }))));
  console.log('put', Date.now() - begun);
  const sqs = new SQSClient(platform.client);
  for (let n = 0; n < 20; n++) {
    await sleep(8000);
    const { runs } = await platform.ask(runList, 'runs', 'list', '--limit', '1000');
    const by: Record<string, number> = {};
    for (const { status } of runs) by[status] = (by[status] ?? 0) + 1;
    const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
    const q: string[] = [];
    for (const QueueUrl of QueueUrls) {
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
      if (/Arrivals|Upload/.test(QueueUrl)) q.push(`${QueueUrl.split('/').pop()?.slice(10, 40)}: ${Attributes?.ApproximateNumberOfMessages}+${Attributes?.ApproximateNumberOfMessagesNotVisible}`);
    }
    console.log(Math.round((Date.now() - begun) / 1000), JSON.stringify(by), q.join(' '));
    if (runs.length >= 500 && !by.queued && !by.running) break;
  }
  const logs = new CloudWatchLogsClient(platform.client);
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  for (const g of logGroups.filter(({ logGroupName = '' }) => /AcceptArrivals/.test(logGroupName))) {
    const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: g.logGroupName, filterPattern: '"error"', limit: 1000 }));
    const kinds: Record<string, number> = {};
    for (const { message = '' } of events) { const k = message.replace(/"messageId":"[^"]*",?/, '').replace(/[0-9a-f]{16}/g, 'X').slice(0, 160); kinds[k] = (kinds[k] ?? 0) + 1; }
    console.log(g.logGroupName, JSON.stringify(kinds, null, 1));
  }
  await platform.stop();
}, 900_000);
