import { describe, expect, it } from 'vitest';
import { models, stages, synthesised } from './synthesised.ts';

const refusesPlainHttp = (policy: unknown) => {
  const text = JSON.stringify(policy);
  return text.includes('"aws:SecureTransport":"false"') && text.includes('"Effect":"Deny"');
};

describe.each(stages)('queues of stage %s', (stage) => {
  const made = synthesised(stage);
  const queues = made.ofType('AWS::SQS::Queue');
  const paths = new Map(queues.map(([id]) => [id, made.pathOf(id)]));
  const working = queues.filter(([id]) => !paths.get(id)?.includes('DeadLetters'));

  it('puts aside what five deliveries could not handle', () => {
    expect(working).toHaveLength(2);
    for (const [, { Properties }] of working) {
      expect(Properties.RedrivePolicy.maxReceiveCount).toBe(5);
      expect(paths.get(Properties.RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'][0])).toMatch(/DeadLetters/);
    }
  });

  it('hides a message for six times as long as its function may take', () => {
    for (const [, mapping] of made.ofType('AWS::Lambda::EventSourceMapping')) {
      expect(mapping.Properties.ScalingConfig).toEqual({ MaximumConcurrency: 5 });
      const queue = made.resources[mapping.Properties.EventSourceArn['Fn::GetAtt'][0]];
      const worker = made.resources[mapping.Properties.FunctionName.Ref];
      expect(queue?.Properties.VisibilityTimeout).toBe(worker?.Properties.Timeout * 6);
      expect(mapping.Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    }
  });

  it.each(queues)('%s is encrypted, asks for TLS and keeps messages for two weeks', (id, { Properties }) => {
    expect(Properties.SqsManagedSseEnabled).toBe(true);
    expect(Properties.MessageRetentionPeriod).toBe(14 * 86_400);
    const policy = made
      .ofType('AWS::SQS::QueuePolicy')
      .find(([, { Properties: of }]) => JSON.stringify(of.Queues).includes(`"${id}"`));
    expect(refusesPlainHttp(policy?.[1].Properties.PolicyDocument)).toBe(true);
  });

  it('watches every dead-letter queue from its first message', () => {
    const watched = made
      .ofType('AWS::CloudWatch::Alarm')
      .filter(([, { Properties }]) => Properties.Namespace === 'AWS/SQS')
      .map(([, { Properties }]) => {
        expect(Properties.Threshold).toBe(1);
        return paths.get(Properties.Dimensions[0].Value['Fn::GetAtt'][0]);
      });
    const deadLetters = [...paths.values()].filter((path) => path.includes('DeadLetters'));
    expect(watched.sort()).toEqual(deadLetters.sort());
  });
});

interface Target {
  Arn: { 'Fn::GetAtt': [string, string] };
}

describe.each(stages)('events of stage %s', (stage) => {
  const made = synthesised(stage);

  it('go to a dead-letter queue when their target does not take them', () => {
    const rules = made.ofType('AWS::Events::Rule');
    expect(rules).toHaveLength(4);
    for (const [, { Properties }] of rules) {
      for (const target of Properties.Targets) expect(target.DeadLetterConfig.Arn).toBeDefined();
    }
  });

  it('of uploads come from the data bucket and the folder for uploads alone', () => {
    made.template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: { object: { key: [{ prefix: 'incoming/' }] } },
      },
    });
  });

  it('of A/B tests are heard where others may join, and only there', () => {
    made.template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['evergreen'],
        'detail-type': ['ab.began', 'ab.judged'],
        detail: { data: { mayJoin: [true] } },
      },
    });
  });

  it('of the pipeline are heard however it ends', () => {
    made.template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.states'],
        detail: { status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
    });
  });

  it('of functions called without waiting are put aside when they fail', () => {
    const byLog = made
      .ofType('AWS::Logs::SubscriptionFilter')
      .map(([, { Properties }]) => Properties.DestinationArn['Fn::GetAtt'][0]);
    const functions = made.ofType('AWS::Lambda::Function').map(([id]) => id);
    const byEvent = made
      .ofType('AWS::Events::Rule')
      .flatMap(([, { Properties }]) => Properties.Targets.map(({ Arn }: Target) => Arn['Fn::GetAtt'][0]))
      .filter((id) => functions.includes(id));
    expect([byLog, byEvent].map(({ length }) => length)).toEqual([1, 2]);
    const bySchedule = functions.filter((id) => /\/(MeasureDrift|AskRetrain)$/.test(made.pathOf(id)));
    expect(bySchedule).toHaveLength(2);
    const destinations = made.ofType('AWS::Lambda::EventInvokeConfig');
    expect(destinations.map(([, { Properties }]) => Properties.FunctionName.Ref).sort()).toEqual(
      [...byLog, ...byEvent, ...bySchedule].sort(),
    );
    for (const [, { Properties }] of destinations) {
      expect(Properties.DestinationConfig.OnFailure.Destination).toBeDefined();
    }
  });
});

describe.each(stages)('topics of stage %s', (stage) => {
  const made = synthesised(stage);

  it('are encrypted with our key and ask for TLS', () => {
    const topics = made.ofType('AWS::SNS::Topic');
    expect(topics).toHaveLength(2);
    for (const [id, { Properties }] of topics) {
      expect(Properties.KmsMasterKeyId['Fn::GetAtt'][0]).toMatch(/TopicKey/);
      const policy = made
        .ofType('AWS::SNS::TopicPolicy')
        .find(([, { Properties: of }]) => JSON.stringify(of.Topics).includes(`"${id}"`));
      expect(refusesPlainHttp(policy?.[1].Properties.PolicyDocument)).toBe(true);
    }
  });

  it('keep what a subscriber did not take', () => {
    const subscriptions = made.ofType('AWS::SNS::Subscription');
    expect(subscriptions.length).toBeGreaterThan(0);
    for (const [, { Properties }] of subscriptions) {
      expect(Properties.RedrivePolicy.deadLetterTargetArn).toBeDefined();
    }
  });
});

describe.each(stages)('schedules of stage %s', (stage) => {
  const made = synthesised(stage);
  const schedules = made.ofType('AWS::Scheduler::Schedule').map(([, { Properties }]) => Properties);
  const of = (model: string, expression: string) =>
    schedules.filter(
      ({ ScheduleExpression, Target }) =>
        ScheduleExpression === expression && JSON.stringify(Target.Input).includes(model),
    );

  it('measure every model as often as it says', () => {
    expect(of('iris', 'rate(1 hour)')).toHaveLength(1);
    expect(of('prices', 'rate(1 day)')).toHaveLength(1);
  });

  it('ask for a retrain of the models that want one, each time by another name', () => {
    const retrains = schedules.filter(({ Target }) => JSON.parse(Target.Input).kind === 'schedule');
    expect(retrains).toHaveLength(1);
    expect(of('prices', 'rate(7 days)')).toEqual(retrains);
    expect(retrains[0]?.Target.Input).toContain('<aws.scheduler.execution-id>');
  });

  it('look each minute whether labels or new code ask for a run, of the models that let them', () => {
    expect(of('prices', 'rate(1 minute)')).toHaveLength(1);
    expect(of('iris', 'rate(1 minute)')).toHaveLength(0);
  });

  it('are no others, and put aside what they could not deliver', () => {
    expect(schedules).toHaveLength(models.length + 2);
    for (const { Target } of schedules) expect(Target.DeadLetterConfig.Arn).toBeDefined();
  });

  it('act as a role that only schedules of this account may take', () => {
    for (const { Target } of schedules) {
      const role = made.resources[Target.RoleArn['Fn::GetAtt'][0]];
      const [trust] = role?.Properties.AssumeRolePolicyDocument.Statement ?? [];
      expect(trust.Principal).toEqual({ Service: 'scheduler.amazonaws.com' });
      expect(trust.Condition.StringEquals['aws:SourceAccount']).toEqual({ Ref: 'AWS::AccountId' });
    }
  });
});
