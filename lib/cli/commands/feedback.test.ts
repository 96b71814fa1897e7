import { describe, expect, it } from 'vitest';
import { replyOf } from '../../monitoring/feedback.ts';
import { feedbackReply, labelsFor } from './feedback.ts';

describe('labelsFor', () => {
  const entries = [
    { predictionId: 'a', row: 0, label: 1 },
    { predictionId: 'a', row: 1, label: '2.5' },
    { predictionId: 'a', row: 2, label: 'x' },
  ];

  it('writes categories as text and values as numbers', () => {
    expect(labelsFor(entries, false).map(({ label }) => label)).toEqual(['1', '2.5', 'x']);
    expect(labelsFor(entries, true).map(({ label }) => label)).toEqual([1, 2.5, 'x']);
  });
});

describe('feedbackReply', () => {
  it('is what the API answers when it takes some labels and refuses others', () => {
    const refusal = {
      index: 1,
      code: 'request-invalid',
      pointer: '/feedback/1/row',
      message: 'is 9',
    } as const;
    const answered: unknown = JSON.parse(JSON.stringify(replyOf(1, ['new'], [refusal])));
    expect(feedbackReply.parse(answered).refused).toEqual([refusal]);
  });
});
