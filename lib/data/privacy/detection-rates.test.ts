import { describe, expect, it } from 'vitest';
import { generateColumns, seed } from '../fixtures/personal-columns.ts';
import { judgeColumn } from './judge-columns.ts';

const all = generateColumns(seed);
const judged = all.map(({ kind, texts, what }) => {
  const found = judgeColumn({ column: 'field', isRead: true, isDeclared: false, texts });
  return { kind, what, found: found.map((each) => each.kind) };
});

describe(`the search for personal data, by seed ${seed}`, () => {
  it('misses none of 320 columns that hold some', () => {
    const personal = judged.filter(({ kind }) => kind !== null);
    const missed = personal.filter(({ kind, found }) => !found.some((each) => each === kind));
    expect(personal.length).toBe(320);
    expect({ count: missed.length, what: [...new Set(missed.map(({ what }) => what))] }).toEqual({
      count: 0,
      what: [],
    });
  });

  it('accuses none of 320 columns that hold none', () => {
    const harmless = judged.filter(({ kind }) => kind === null);
    const accused = harmless.filter(({ found }) => found.length > 0);
    expect(harmless.length).toBe(320);
    expect({
      count: accused.length,
      what: accused.map(({ what, found }) => `${what}: ${found.join()}`),
    }).toEqual({
      count: 0,
      what: [],
    });
  });
});
