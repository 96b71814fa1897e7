import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { replyOf } from '../../monitoring/feedback.ts';
import { entriesOf, feedbackReply, labelsFor } from './feedback.ts';

describe('entriesOf', () => {
  const folder = mkdtempSync(join(tmpdir(), 'feedback-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const fileOf = (text: string) => {
    const file = join(folder, 'labels.csv');
    writeFileSync(file, text);
    return { file };
  };

  it('takes a thumb with a label, or alone', () => {
    expect(entriesOf('p', { thumb: 'up' })).toEqual([{ predictionId: 'p', row: 0, thumb: 'up' }]);
    expect(entriesOf('p', { thumb: 'down', label: 'a', row: 2 })).toEqual([
      { predictionId: 'p', row: 2, label: 'a', thumb: 'down' },
    ]);
    expect(() => entriesOf('p', {})).toThrow('--label or --thumb');
    expect(() => entriesOf('p', { thumb: 'up', file: 'x.csv' })).toThrow('either --file');
  });

  it('reads a table in which some rows have a label, others a thumb', () => {
    expect(entriesOf(undefined, fileOf('predictionId,label,thumb\np,a,\nq,,down\n'))).toEqual([
      { predictionId: 'p', row: 0, label: 'a' },
      { predictionId: 'q', row: 0, thumb: 'down' },
    ]);
    expect(() => entriesOf(undefined, fileOf('predictionId,label,thumb\np,,\n'))).toThrow('row 1 needs');
    expect(() => entriesOf(undefined, fileOf('predictionId,thumb\np,sideways\n'))).toThrow('row 1 needs');
  });
});

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
