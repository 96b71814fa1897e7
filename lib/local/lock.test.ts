import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { underLock } from './lock.mjs';

let folder: string;
let path: string;
const said: string[] = [];
const options = { what: 'work', waitMs: 300, say: (line: string) => void said.push(line) };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  path = join(folder, 'lock');
  said.length = 0;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('underLock', () => {
  it('leaves nothing behind, also when the work fails', async () => {
    expect(await underLock(path, options, async () => 5)).toBe(5);
    await expect(underLock(path, options, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does one work after the other', async () => {
    const order: string[] = [];
    const work = (name: string) => async () => {
      order.push(`${name} begins`);
      await sleep(20);
      order.push(`${name} ends`);
    };
    await Promise.all([underLock(path, options, work('a')), underLock(path, options, work('b'))]);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('gives up in the end and names the holder and the file', async () => {
    writeFileSync(path, String(process.ppid));
    await expect(underLock(path, options, async () => 1)).rejects.toMatchObject({
      message: `work has been held by process ${process.ppid} for too long`,
      remedy: expect.stringContaining(path),
    });
  });

  it('clears the lock of a process that is gone', async () => {
    writeFileSync(path, '999999999');
    expect(await underLock(path, options, async () => 'done')).toBe('done');
    expect(said).toEqual(['work: process 999999999 ended half-way; taking over']);
  });
});
