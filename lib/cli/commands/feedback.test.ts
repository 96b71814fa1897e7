import { describe, expect, it } from 'vitest';
import { labelsFor } from './feedback.ts';

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
