import { enableCompileCache } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';

/* The `evergreen` command: hands the process over and takes the exit code back. */

// Halves the time to the first answer; what is loaded before this line is not kept.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'evergreen'));
const { main } = await import('../lib/cli/main.ts');

/** A terminal and npm both pass Ctrl-C on; only a second one after this long means "at once". */
const sameInterruptMs = 1500;

const interruption = new AbortController();
let isTaken = false;
let interruptedAt: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    const isAgain = interruptedAt !== undefined && Date.now() - interruptedAt > sameInterruptMs;
    if (!isTaken || isAgain) process.exit(128 + constants.signals[signal]);
    interruptedAt ??= Date.now();
    interruption.abort(signal);
  });
}
// A reader that has seen enough, such as `head`, closes the pipe; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const code = await main(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  takeInterrupt: () => {
    isTaken = true;
    return interruption.signal;
  },
});
process.stdout.write('', () => process.exit(code));
