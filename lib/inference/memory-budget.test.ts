import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mebibyte, mebibytes, memoryBudgetOf, sessionBytesOf } from './memory-budget.ts';
import { outlineOnnx } from './onnx-outline.ts';

const outlineOf = (name: string) => {
  const file = readFileSync(new URL(`fixtures/${name}.onnx`, import.meta.url));
  return { size: file.length, outline: outlineOnnx(file, 1000) };
};

describe('memoryBudgetOf', () => {
  it('is a share of what the processes leave, divided over them', () => {
    expect(mebibytes(memoryBudgetOf(1769 * mebibyte))).toBe('942 MiB');
    expect(mebibytes(memoryBudgetOf(1024 * mebibyte, 2))).toBe('188 MiB');
  });

  it('is small and not nothing where the processes leave nothing', () => {
    expect(memoryBudgetOf(256 * mebibyte, 2)).toBe(Math.floor(12.8 * mebibyte));
  });
});

describe('sessionBytesOf', () => {
  it('says half a mebibyte of a linear model, which has none of it in its file', () => {
    const { size, outline } = outlineOf('flowers');
    const bytes = sessionBytesOf(size, outline, false);
    expect(bytes).toBeGreaterThan(0.5 * mebibyte);
    expect(bytes).toBeLessThan(0.7 * mebibyte);
  });

  it('counts vocabularies and wide tensors of a model of texts', () => {
    const { size, outline } = outlineOf('letters');
    expect(outline.widest).toBe(60);
    expect(sessionBytesOf(size, outline, true)).toBeGreaterThan(
      sessionBytesOf(size, { ...outline, widest: 0 }, false) + 256 * 32 * outline.widest,
    );
  });

  it('grows with weights, and less than with trees of the same size', () => {
    const weights = sessionBytesOf(10 * mebibyte, { tensorBytes: 10 * mebibyte, widest: 1024 }, false);
    const trees = sessionBytesOf(10 * mebibyte, { tensorBytes: 0, widest: 3 }, false);
    expect(weights).toBeGreaterThan(15 * mebibyte);
    expect(weights).toBeLessThan(25 * mebibyte);
    expect(trees).toBeGreaterThan(50 * mebibyte);
  });
});
