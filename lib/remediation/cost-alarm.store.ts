import { type CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';

/** Whether a model costs more in a day than it may, as its alarm says. */
export async function isOverCost(
  client: CloudWatchClient,
  alarmPrefix: string,
  model: string,
): Promise<boolean> {
  const { MetricAlarms = [] } = await client.send(
    new DescribeAlarmsCommand({ AlarmNames: [`${alarmPrefix}-${model}-cost`], StateValue: 'ALARM' }),
  );
  return MetricAlarms.length > 0;
}
