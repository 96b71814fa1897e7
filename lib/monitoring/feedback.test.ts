import { describe, expect, it } from 'vitest';
import { uuidV7 } from '../shared/ids.ts';
import { planCapture, type Receipt } from './capture.ts';
import { readFeedback, replyOf, sortFeedback } from './feedback.ts';
import { aRecord } from './fixtures/builders.ts';

const iris = {
  name: 'iris',
  target: { name: 'species', type: 'category' as const, categories: ['setosa', 'versicolor', 'virginica'] },
  capture: 1,
};
const now = new Date('2026-11-23T12:00:00Z');

function receiptsOf(...records: ReturnType<typeof aRecord>[]): Map<string, Receipt> {
  const { receipts } = planCapture({ records, dropped: 0, eventIds: ['e'] });
  return new Map(receipts.map((receipt) => [receipt.predictionId, receipt]));
}

const known = receiptsOf(aRecord({ predictionId: 'p1' }));
const one = (label: string | number, row = 0, predictionId = 'p1') =>
  readFeedback({ predictionId, row, label });

describe('readFeedback', () => {
  it('takes one label, of the first row unless another is named', () => {
    expect(readFeedback({ predictionId: 'p1', label: 'setosa' })).toEqual({
      entries: [{ predictionId: 'p1', row: 0, label: 'setosa' }],
      isList: false,
    });
  });

  it('takes a list', () => {
    const feedback = [{ predictionId: 'p1', row: 1, label: 2.5 }];
    expect(readFeedback({ feedback })).toEqual({ entries: feedback, isList: true });
  });

  it.each([
    ['no object', 7, ''],
    ['no label', { predictionId: 'p1' }, '/label'],
    ['a negative row', { predictionId: 'p1', row: -1, label: 'a' }, '/row'],
    ['an empty list', { feedback: [] }, '/feedback'],
    ['a broken entry', { feedback: [{ predictionId: 'p1', label: null }] }, '/feedback/0/label'],
    [
      'more than 1000',
      { feedback: Array.from({ length: 1001 }, () => ({ predictionId: 'p', label: 1 })) },
      '/feedback',
    ],
  ])('refuses %s and points at it', (_, body, pointer) => {
    expect(() => readFeedback(body)).toThrow(
      expect.objectContaining({
        code: 'request-invalid',
        details: { errors: expect.arrayContaining([expect.objectContaining({ pointer })]) },
      }),
    );
  });
});

describe('sortFeedback', () => {
  it('takes a category that the model knows', () => {
    const { labels, accepted } = sortFeedback(one('virginica'), iris, known, now);
    expect(accepted).toBe(1);
    expect(labels).toEqual([
      { predictionId: 'p1', row: 0, label: 'virginica', model: 'iris', labelledAt: now.toISOString() },
    ]);
  });

  it.each([
    ['a category the model does not know', one('rose'), '/label'],
    ['a number where a category is predicted', one(1), '/label'],
    ['a row that was not asked', one('setosa', 1), '/row'],
  ])('refuses %s', (_, feedback, pointer) => {
    const { accepted, refused } = sortFeedback(feedback, iris, known, now);
    expect(accepted).toBe(0);
    expect(refused).toEqual([expect.objectContaining({ code: 'request-invalid', pointer })]);
  });

  it('refuses a category where a number is predicted', () => {
    const numbers = receiptsOf(aRecord({ predictionId: 'p1', predictions: [{ value: 3 }] }));
    const prices = { name: 'iris', target: { name: 'price', type: 'number' as const }, capture: 1 };
    expect(sortFeedback(one('three'), prices, numbers, now).refused[0]?.pointer).toBe('/label');
    expect(sortFeedback(one(3.5), prices, numbers, now).accepted).toBe(1);
  });

  it('does not know a prediction of another model', () => {
    const { refused } = sortFeedback(one('setosa'), { ...iris, name: 'wine' }, known, now);
    expect(refused[0]?.code).toBe('prediction-unknown');
  });

  it('takes a label for a prediction of the last ten minutes that is not on record yet', () => {
    const young = uuidV7(now.getTime() - 9 * 60_000);
    const old = uuidV7(now.getTime() - 11 * 60_000);
    expect(sortFeedback(one('setosa', 0, young), iris, known, now).accepted).toBe(1);
    expect(sortFeedback(one('setosa', 0, old), iris, known, now).refused[0]?.code).toBe('prediction-unknown');
    expect(sortFeedback(one('setosa', 0, 'no-uuid'), iris, known, now).refused[0]?.code).toBe(
      'prediction-unknown',
    );
  });

  it('keeps the last of two labels for one row of one request', () => {
    const feedback = readFeedback({
      feedback: [
        { predictionId: 'p1', label: 'setosa' },
        { predictionId: 'p1', label: 'virginica' },
      ],
    });
    const { labels, accepted } = sortFeedback(feedback, iris, known, now);
    expect(accepted).toBe(2);
    expect(labels.map(({ label }) => label)).toEqual(['virginica']);
  });

  it('points at the entry of a list that is refused and takes the others', () => {
    const feedback = readFeedback({
      feedback: [
        { predictionId: 'p1', label: 'setosa' },
        { predictionId: 'gone', label: 'setosa' },
      ],
    });
    const { accepted, refused } = sortFeedback(feedback, iris, known, now);
    expect(accepted).toBe(1);
    expect(refused).toEqual([
      expect.objectContaining({ index: 1, pointer: '/feedback/1/predictionId', code: 'prediction-unknown' }),
    ]);
  });
});

describe('replyOf', () => {
  it('counts what became of the labels', () => {
    expect(replyOf(3, ['new', 'repeated', 'corrected'], [])).toEqual({
      accepted: 3,
      corrected: 1,
      repeated: 1,
      refused: [],
    });
  });

  it('is an error when nothing was taken', () => {
    const refused = sortFeedback(one('setosa', 0, 'gone'), iris, known, now).refused;
    expect(() => replyOf(0, [], refused)).toThrow(expect.objectContaining({ code: 'prediction-unknown' }));
  });
});
