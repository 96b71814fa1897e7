import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/platform/package-root.ts';
import { symptoms } from '../../lib/remediation/alarm-change.ts';
import { models, stages, synthesised } from './synthesised.ts';

const runbook = readFileSync(join(packageRoot, 'docs', 'runbook.md'), 'utf8');
const articles = [...runbook.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);

/** As GitHub makes the anchor of a heading. */
const anchorOf = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

describe.each(stages)('alarms of stage %s', (stage) => {
  const made = synthesised(stage);
  const alarms = made.ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
  const prefix = `evergreen-${stage}`;
  const topicOf = (arn: { Ref: string }) => made.pathOf(arn.Ref);

  it('watch every symptom of every model, by a name that says so', () => {
    const names = alarms.map(({ AlarmName }) => AlarmName);
    for (const { definition } of models) {
      const { staleAfterDays, quality } = definition.monitor;
      const isWatched: Partial<Record<string, boolean>> = {
        'data-age': staleAfterDays !== undefined,
        'quality-estimated': quality.limit !== undefined && definition.target.type === 'category',
      };
      for (const symptom of symptoms.filter((name) => isWatched[name] ?? true))
        expect(names).toContain(`${prefix}-${definition.name}-${symptom}`);
    }
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^evergreen-(local|aws)-[a-z][a-z0-9-]*$/);
  });

  it.each(alarms)('$AlarmName tells a topic, and has an article that says what to do', (alarm) => {
    expect(alarm.AlarmActions).toHaveLength(1);
    const isOfModel = models.some(({ definition: { name } }) =>
      symptoms.some((symptom) => alarm.AlarmName === `${prefix}-${name}-${symptom}`),
    );
    expect(topicOf(alarm.AlarmActions[0])).toBe(isOfModel ? 'Remediation/Topic' : 'Remediation/People');
    const [, anchor] = /docs\/runbook\.md#([\w-]+)$/.exec(alarm.AlarmDescription) ?? [];
    expect(articles.map(anchorOf)).toContain(anchor);
  });

  it('hear of every state machine that failed or ran out of time', () => {
    for (const [id] of made.ofType('AWS::StepFunctions::StateMachine')) {
      const watched = alarms.filter(({ Dimensions }) => Dimensions?.[0]?.Value?.Ref === id);
      expect(watched.map(({ MetricName }) => MetricName).sort()).toEqual([
        'ExecutionsFailed',
        'ExecutionsTimedOut',
      ]);
      const article = made.pathOf(id) === 'Batch/Batch' ? /#batch-failed$/ : /#run-failed$/;
      for (const { AlarmDescription } of watched) expect(AlarmDescription).toMatch(article);
    }
  });

  it('stay silent without data, all but the heartbeat of the monitor', () => {
    for (const alarm of alarms) {
      const isHeartbeat = alarm.AlarmName.endsWith('-staleness');
      // What a day cost is told now and then, and holds until it is told again.
      const silence = alarm.AlarmName.endsWith('-cost') ? 'ignore' : 'notBreaching';
      expect(alarm.TreatMissingData).toBe(isHeartbeat ? 'missing' : silence);
      expect(alarm.InsufficientDataActions ?? []).toHaveLength(isHeartbeat ? 1 : 0);
    }
  });

  it('take limits and least samples from the definition', () => {
    const named = (name: string) => alarms.find(({ AlarmName }) => AlarmName === `${prefix}-${name}`);
    expect(named('iris-candidate-errors')?.Threshold).toBe(5);
    expect(named('iris-candidate-latency')?.Threshold).toBe(400);
    expect(JSON.stringify(named('iris-candidate-errors')?.Metrics)).toContain('>= 5');
    expect(named('iris-quality')).toMatchObject({
      Threshold: 0.85,
      Statistic: 'Minimum',
      ComparisonOperator: 'LessThanThreshold',
    });
    expect(named('prices-quality')).toMatchObject({
      Threshold: 20,
      Statistic: 'Maximum',
      ComparisonOperator: 'GreaterThanThreshold',
    });
  });

  it('give the monitor two of its own periods before its silence counts', () => {
    for (const { definition } of models) {
      const alarm = alarms.find(({ AlarmName }) => AlarmName === `${prefix}-${definition.name}-staleness`);
      const watchedMinutes = ((alarm?.Period ?? 0) / 60) * (alarm?.EvaluationPeriods ?? 0);
      expect(watchedMinutes).toBeGreaterThanOrEqual(definition.monitor.everyMinutes * 2);
    }
  });

  it('hear of the process that answers when it dies or is refused, which it cannot tell itself', () => {
    const [[predict] = []] = made
      .ofType('AWS::Lambda::Function')
      .filter(([id]) => made.pathOf(id) === 'Inference/Predict');
    expect(predict).toBeDefined();
    for (const [what, MetricName] of [
      ['errors', 'Errors'],
      ['throttles', 'Throttles'],
    ]) {
      expect(alarms.find(({ AlarmName }) => AlarmName === `${prefix}-predict-${what}`)).toMatchObject({
        Namespace: 'AWS/Lambda',
        MetricName,
        Dimensions: [{ Name: 'FunctionName', Value: { Ref: predict } }],
        Statistic: 'Sum',
        Threshold: 1,
      });
    }
  });

  it('tell the variants of a model apart', () => {
    for (const alarm of alarms.filter(({ AlarmName }) => /-(champion|candidate)-/.test(AlarmName))) {
      const [, model, variant] = /^evergreen-\w+-([a-z]+)-(champion|candidate)-/.exec(alarm.AlarmName) ?? [];
      const metrics = alarm.Metrics.flatMap((entry: { MetricStat?: { Metric: { Dimensions: unknown } } }) =>
        entry.MetricStat ? [entry.MetricStat.Metric.Dimensions] : [],
      );
      expect(metrics.length).toBeGreaterThan(0);
      for (const dimensions of metrics) {
        expect(dimensions).toEqual([
          { Name: 'model', Value: model },
          { Name: 'variant', Value: variant },
        ]);
      }
    }
  });

  it('draw a dashboard for each model', () => {
    const names = made
      .ofType('AWS::CloudWatch::Dashboard')
      .map(([, { Properties }]) => Properties.DashboardName);
    expect(names.sort()).toEqual(models.map(({ definition }) => `${prefix}-${definition.name}`).sort());
  });
});

describe('the runbook', () => {
  it('has no article for an alarm that does not exist', () => {
    const used = synthesised('aws')
      .ofType('AWS::CloudWatch::Alarm')
      .map(([, { Properties }]) => /#([\w-]+)$/.exec(Properties.AlarmDescription)?.[1]);
    expect(articles.map(anchorOf).filter((anchor) => !used.includes(anchor))).toEqual([]);
  });

  it.each(articles)(
    'article %s says what it means, what happens by itself, where to look and what to do',
    (title) => {
      const [, body = ''] = runbook.split(`\n## ${title}\n`);
      const text = body.split('\n## ')[0] ?? '';
      const parts = [
        '**What it means.**',
        '**What happens by itself.**',
        '**Where to look.**',
        '**What to do.**',
      ];
      for (const part of parts) expect(text).toContain(part);
      expect(text).toContain('```sh');
    },
  );
});
