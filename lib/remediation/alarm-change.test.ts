import { describe, expect, it } from 'vitest';
import { readAlarmChange } from './alarm-change.ts';
import byEventBus from './fixtures/alarm-by-event-bus.json' with { type: 'json' };
import byTopic from './fixtures/alarm-by-topic.json' with { type: 'json' };

const expected = {
  alarm: 'evergreen-prod-iris-drift',
  state: 'ALARM',
  changedAt: '2026-11-23T11:59:41.123Z',
  says: 'Threshold Crossed: 1 datapoint [2.0 (23/11/26 11:58:00)] was greater than or equal to the threshold (1.0).',
  subject: { model: 'iris', symptom: 'drift' },
};

const named = (AlarmName: string) =>
  readAlarmChange(
    JSON.stringify({ AlarmName, NewStateValue: 'OK', StateChangeTime: '2026-11-23T11:59:41.123Z' }),
  );

describe('readAlarmChange', () => {
  it.each([
    ['a topic', byTopic],
    ['the event bus', byEventBus],
    ['a topic with raw delivery', JSON.parse(byTopic.Message)],
  ])('reads the same change from %s', (_, message) => {
    expect(readAlarmChange(JSON.stringify(message))).toEqual(expected);
  });

  it.each([
    ['evergreen-local-iris-champion-errors', { model: 'iris', symptom: 'champion-errors' }],
    [
      'evergreen-local-house-prices-candidate-latency',
      { model: 'house-prices', symptom: 'candidate-latency' },
    ],
    ['evergreen-local-iris-candidate-3-errors', { model: 'iris', symptom: 'candidate-errors', arm: 3 }],
    ['evergreen-local-iris-2-candidate-2-latency', { model: 'iris-2', symptom: 'candidate-latency', arm: 2 }],
    ['evergreen-local-x-drift-quality', { model: 'x-drift', symptom: 'quality' }],
    ['evergreen-local-dead-letters', null],
    ['evergreen-local-iris-cost', null],
    ['other-local-iris-drift', null],
  ])('knows the subject of %s', (name, subject) => {
    expect(named(name).subject).toEqual(subject);
  });

  it.each([
    ['text', 'hello'],
    ['another event', JSON.stringify({ 'detail-type': 'Object Created', detail: {} })],
    ['an unknown state', JSON.stringify({ AlarmName: 'a', NewStateValue: 'RED', StateChangeTime: '2026' })],
    ['no time', JSON.stringify({ AlarmName: 'a', NewStateValue: 'OK', StateChangeTime: 'noon' })],
  ])('refuses %s', (_, message) => {
    expect(() => readAlarmChange(message)).toThrow(expect.objectContaining({ code: 'request-invalid' }));
  });
});
