import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { isOverCost } from './cost-alarm.store.ts';

const cloudWatch = mockClient(CloudWatchClient);

describe('isOverCost', () => {
  it.each([
    [[], false],
    [[{ AlarmName: 'evergreen-local-iris-cost' }], true],
  ])('is whether the alarm of the model rings: %j', async (MetricAlarms, expected) => {
    cloudWatch.reset();
    cloudWatch
      .on(DescribeAlarmsCommand, { AlarmNames: ['evergreen-local-iris-cost'], StateValue: 'ALARM' })
      .resolves({ MetricAlarms });
    expect(await isOverCost(new CloudWatchClient({}), 'evergreen-local', 'iris')).toBe(expected);
  });
});
