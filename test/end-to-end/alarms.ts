import { ListQueuesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Symptom } from '../../lib/remediation/alarm-change.ts';
import type { Platform } from './platform.ts';

export interface TestAlarm {
  model: string;
  symptom: Symptom;
  /** When the state changed. @default now */
  at?: Date;
  /** @default ALARM */
  state?: 'ALARM' | 'OK';
}

export const alarmNameOf = ({ model, symptom }: Pick<TestAlarm, 'model' | 'symptom'>) =>
  `evergreen-local-${model}-${symptom}`;

async function alarmQueue({ client }: Platform): Promise<string> {
  const { QueueUrls = [] } = await new SQSClient(client).send(new ListQueuesCommand({}));
  const found = QueueUrls.find((url) => /RemediationAlarmsQueue/.test(url));
  if (found === undefined) throw new Error(`no alarm queue among ${QueueUrls.join(', ')}`);
  return found;
}

/** Puts changes of alarms where CloudWatch's go, through its topic, in CloudWatch's own form. */
export async function sendAlarms(platform: Platform, alarms: readonly TestAlarm[]): Promise<void> {
  const sqs = new SQSClient(platform.client);
  const QueueUrl = await alarmQueue(platform);
  for (const { state = 'ALARM', at = new Date(), ...named } of alarms) {
    const message = {
      AlarmName: alarmNameOf(named),
      NewStateValue: state,
      OldStateValue: state === 'ALARM' ? 'OK' : 'ALARM',
      NewStateReason: 'a test says so',
      StateChangeTime: at.toISOString().replace('Z', '+0000'),
      Region: 'US East (N. Virginia)',
      AWSAccountId: '000000000000',
    };
    const MessageBody = JSON.stringify({
      Type: 'Notification',
      MessageId: 'one',
      Message: JSON.stringify(message),
    });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
}
