import { describe, expect, it } from 'vitest';
import byTopic from './fixtures/alarm-by-topic.json' with { type: 'json' };
import { readRunEnd } from './run-end.ts';

const ended = (detail: object) =>
  JSON.stringify({ 'detail-type': 'Step Functions Execution Status Change', detail });

describe('readRunEnd', () => {
  it('reads which run of which model ended', () => {
    const input = JSON.stringify({ runId: 'iris-1', model: 'iris' });
    expect(readRunEnd(ended({ name: 'iris-1', input }))).toEqual({ runId: 'iris-1', model: 'iris' });
  });

  it('leaves everything else to the reader of alarms', () => {
    for (const message of ['hello', JSON.stringify(byTopic), ended({ name: 'iris-1', input: '{' })]) {
      expect(readRunEnd(message)).toBeUndefined();
    }
  });
});
