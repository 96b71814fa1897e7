import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { commandOf, endTree, isRunning, listenerOn, parseStat, treeOf } from './processes.ts';

vi.setConfig({ testTimeout: 30_000 });

describe('parseStat', () => {
  it('reads past blanks and parentheses in the name of a program', () => {
    expect(parseStat('42 (a (b) c) S 7 41 40 0 -1')).toEqual({
      pid: 42,
      parent: 7,
      group: 41,
      isZombie: false,
    });
    expect(parseStat('42 (node) Z 7 41 40').isZombie).toBe(true);
  });
});

describe('listenerOn', () => {
  it('finds the process behind a port', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
    expect(listenerOn(port)).toBe(process.pid);
    await new Promise((resolve) => server.close(resolve));
    expect(listenerOn(port)).toBeUndefined();
  });
});

describe('endTree', () => {
  it('ends a process that ignores the request, with its children', async () => {
    const stubborn =
      "process.on('SIGTERM', () => {}); require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); setInterval(() => {}, 1000); console.log('up')";
    const child = spawn(process.execPath, ['-e', stubborn], { detached: true });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const pid = child.pid ?? 0;
    const tree = treeOf(pid);
    expect(tree.length).toBeGreaterThanOrEqual(2);
    expect(await endTree(pid, 100)).toBe(true);
    expect(tree.filter(isRunning)).toEqual([]);
  });
});

describe('commandOf', () => {
  it('shows how a process was started', () => {
    expect(commandOf(process.pid)).toContain('node');
    expect(commandOf(999_999_999)).toBeUndefined();
  });
});
