import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countDropped, placesOf } from './capture-places.ts';
import { CaptureQueue } from './capture-queue.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'queue-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function aQueue(limitBytes = 1_000_000, flushMs = 60_000) {
  const dropped: number[] = [];
  const queue = new CaptureQueue({ folder, limitBytes, flushMs, onDrop: (records) => dropped.push(records) });
  return { queue, dropped };
}

/** Lines by file, in order. */
function written(place: 'queue' | 'sending' = 'queue'): string[][] {
  const path = placesOf(folder)[place];
  return readdirSync(path)
    .sort()
    .map((name) => readFileSync(join(path, name), 'utf8').split('\n').slice(0, -1));
}

describe('CaptureQueue', () => {
  it('has lines on the disk soon after they were added, without being asked', async () => {
    const { queue } = aQueue(1_000_000, 10);
    queue.add('a');
    queue.add('b');
    await expect.poll(() => written()).toEqual([['a', 'b']]);
    queue.add('c');
    await expect.poll(() => written()).toEqual([['a', 'b', 'c']]);
    await queue.close();
  });

  it('keeps on in a new file when its own was taken away, and loses nothing', async () => {
    const { queue } = aQueue();
    const { queue: from, sending: to } = placesOf(folder);
    queue.add('a');
    await queue.flush();
    const [name = ''] = readdirSync(from);
    mkdirSync(to);
    renameSync(join(from, name), join(to, name));
    queue.add('b');
    await queue.close();
    expect(written('sending').flat()).toContain('a');
    expect(written()).toEqual([['b']]);
  });

  it('begins a new file when one is large', async () => {
    const { queue } = aQueue(10_000_000);
    const large = 'x'.repeat(1024 * 1024);
    for (const line of [large, 'small']) {
      queue.add(line);
      await queue.flush();
    }
    await queue.close();
    expect(written()).toEqual([[large], ['small']]);
  });

  it('gives up the oldest file for want of room, counts its lines and notes them', async () => {
    for (const letter of ['a', 'b', 'c']) {
      const { queue, dropped } = aQueue(3000);
      for (let line = 0; line < 10; line += 1) queue.add(letter.repeat(100));
      await queue.close();
      expect(dropped).toEqual(letter === 'c' ? [10] : []);
      // Names tell the millisecond.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(written().map(([first = '']) => first[0])).toEqual(['b', 'c']);
    expect(await countDropped(folder)).toBe(10);
  });

  it('gives up what itself wrote before when that alone fills the room', async () => {
    const { queue, dropped } = aQueue(1500);
    for (const letter of ['a', 'b']) {
      for (let line = 0; line < 10; line += 1) queue.add(letter.repeat(100));
      await queue.flush();
    }
    await queue.close();
    expect(dropped).toEqual([10]);
    expect(written().map(([first = '']) => first[0])).toEqual(['b']);
  });

  it('waits for a disk that takes nothing, and drops what is more than memory may hold', async () => {
    const { queue, dropped } = aQueue(100_000_000);
    const place = placesOf(folder).queue;
    rmSync(place, { recursive: true });
    queue.add('a');
    await queue.flush();
    const large = 'x'.repeat(3 * 1024 * 1024);
    for (let line = 0; line < 3; line += 1) queue.add(large);
    expect(dropped).toEqual([1]);
    mkdirSync(place);
    await queue.close();
    expect(written().flat()).toEqual(['a', large, large]);
    expect(await countDropped(folder)).toBe(1);
  });

  it('counts what could not be written to the last', async () => {
    const { queue, dropped } = aQueue();
    rmSync(placesOf(folder).queue, { recursive: true });
    queue.add('a');
    await queue.close();
    expect(dropped).toEqual([1]);
  });

  it('lets several processes write to one folder', async () => {
    const queues = [aQueue(), aQueue()].map(({ queue }) => queue);
    for (const [index, queue] of queues.entries()) queue.add(String(index));
    await Promise.all(queues.map((queue) => queue.close()));
    expect(written().flat().toSorted()).toEqual(['0', '1']);
  });
});
