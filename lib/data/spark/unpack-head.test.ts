import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unpackHead } from './unpack-head.ts';

const text = Array.from({ length: 20_000 }, (_, line) => `row ${line}`).join('\n');
const packed = gzipSync(text);

describe('unpackHead', () => {
  it('gives what a part of a file holds, and stops when there is enough', async () => {
    const head = await unpackHead(packed.subarray(0, 30_000), 50_000);
    expect(head).toHaveProperty('length');
    expect(String(head).length).toBeGreaterThan(50_000);
    expect(String(head).length).toBeLessThan(text.length);
    expect(text.startsWith(String(head))).toBe(true);
  });

  it('gives what comes before a damage', async () => {
    const head = await unpackHead(Buffer.concat([packed, Buffer.from('more')]), 1 << 20);
    expect(String(head)).toMatch(/^row 0\nrow 1\n/);
  });

  it('says what is no gzip', async () => {
    expect(await unpackHead(Buffer.from('row 0\n'), 10)).toEqual({
      line: 0,
      message: 'the gzip file is damaged or cut off (incorrect header check)',
    });
  });
});
