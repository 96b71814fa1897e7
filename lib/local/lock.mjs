import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/* A lock between processes of one machine: a file that holds its owner's pid. */

/** Whether a process of this id exists, whoever owns it. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Makes the file with its content in one step, so that nobody ever reads a lock without a pid. */
function tryTake(path) {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function ownerOf(path) {
  try {
    return { pid: Number(readFileSync(path, 'utf8')), sinceMs: statSync(path).mtimeMs };
  } catch {
    return undefined;
  }
}

/** Takes a dead owner's lock away; another waiter may have been quicker, then its new lock is put back. */
function removeStale(path, deadPid) {
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
    if (Number(readFileSync(aside, 'utf8')) !== deadPid) linkSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * Does the work while holding the lock; waits for a living owner and clears a dead one's.
 *
 * @param options what: named in messages; waitMs: longest wait; say: takes lines for a person.
 */
export async function underLock(path, { what, waitMs, say }, work) {
  const startedAt = Date.now();
  let told = false;
  while (!tryTake(path)) {
    const owner = ownerOf(path);
    if (owner === undefined) continue;
    if (!isAlive(owner.pid)) {
      say(`${what}: process ${owner.pid} ended half-way; taking over`);
      removeStale(path, owner.pid);
      continue;
    }
    if (Date.now() - startedAt > waitMs) {
      const error = new Error(`${what} has been held by process ${owner.pid} for too long`);
      error.remedy = `end process ${owner.pid}, or delete ${path} when it is another program`;
      throw error;
    }
    if (!told) say(`${what}: waiting for process ${owner.pid}, which is at it`);
    told = true;
    await sleep(200);
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}
