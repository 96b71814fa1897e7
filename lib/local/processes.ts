import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './lock.mjs';

/* Looks at processes of this machine: by /proc where there is one, else by ps and lsof. */

interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  isZombie: boolean;
}

function run(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5000,
    });
  } catch {
    return '';
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** A line of /proc/<pid>/stat; the name in parentheses may hold blanks and parentheses itself. */
export function parseStat(line: string): ProcessEntry {
  const afterName = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return {
    pid: Number.parseInt(line, 10),
    parent: Number(afterName[1]),
    group: Number(afterName[2]),
    isZombie: afterName[0] === 'Z',
  };
}

function processes(): ProcessEntry[] {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => read(`/proc/${name}/stat`))
      .filter((line) => line !== undefined)
      .map(parseStat);
  }
  return run('ps', ['-axo', 'pid=,ppid=,pgid=,stat='])
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length === 4)
    .map(([pid, parent, group, state]) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      isZombie: state?.startsWith('Z') ?? false,
    }));
}

/** Whether the process runs; one that only waits to be collected by its parent does not. */
export function isRunning(pid: number): boolean {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  const line = read(`/proc/${pid}/stat`);
  return line !== undefined && !parseStat(line).isZombie;
}

/** The command line of a process, or undefined when there is none. */
export function commandOf(pid: number): string | undefined {
  const line =
    process.platform === 'linux'
      ? read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim()
      : run('ps', ['-o', 'command=', '-p', String(pid)]).trim();
  return line === '' ? undefined : line;
}

/** The process, everything it started, and everything in its process group. */
export function treeOf(pid: number): number[] {
  const all = processes().filter((entry) => !entry.isZombie);
  const found = new Set<number>([
    pid,
    ...all.filter((entry) => entry.group === pid).map((entry) => entry.pid),
  ]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const entry of all) if (found.has(entry.parent)) found.add(entry.pid);
  }
  return [...found].filter((member) => isRunning(member));
}

/** The process that listens on the loopback port, when that can be seen. */
export function listenerOn(port: number): number | undefined {
  if (process.platform === 'linux') return linuxListenerOn(port);
  const pid = Number.parseInt(run('lsof', ['-nP', '-t', `-iTCP:${port}`, '-sTCP:LISTEN']), 10);
  return Number.isNaN(pid) ? undefined : pid;
}

function linuxListenerOn(port: number): number | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const listening = '0A';
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((path) => (read(path) ?? '').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === listening)
    .map((fields) => `socket:[${fields[9]}]`);
  if (inodes.length === 0) return undefined;
  return processes().find(({ pid }) => socketsOf(pid).some((socket) => inodes.includes(socket)))?.pid;
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${name}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself meanwhile.
  }
}

/** Ends a process and all it started: asks first, then insists. True when insisting was needed. */
export async function endTree(pid: number, graceMs: number): Promise<boolean> {
  const members = treeOf(pid);
  signal(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (isRunning(pid) && Date.now() < deadline) await sleep(25);
  const left = [...new Set([...members, ...treeOf(pid)])].filter((member) => isRunning(member));
  const insisted = isRunning(pid);
  for (const member of left) signal(member, 'SIGKILL');
  while (left.some((member) => isRunning(member)) && Date.now() < deadline + 2000) await sleep(10);
  return insisted;
}
