import { describe, expect, it } from 'vitest';
import { saysReady, tailOf } from './engine-log.ts';

describe('saysReady', () => {
  it('finds the ready line between others', () => {
    expect(saysReady('INFO x\n{"ready": true, "port": 4566}\n')).toBe(true);
    expect(saysReady('{"ready": false, "port": 4566}\n{broken\nready')).toBe(false);
  });
});

describe('tailOf', () => {
  it('skips empty lines', () => {
    expect(tailOf('a\n\nb\n \nc\n', 2)).toEqual(['b', 'c']);
  });
});
