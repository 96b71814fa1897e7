import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import * as z from 'zod';

const measurement = z.object({
  seconds: z.number(),
  megabytes: z.number(),
  exitCode: z.int(),
  printed: z.string(),
  errors: z.string(),
});

export interface Measured {
  seconds: number;
  /** The peak of the largest process. */
  megabytes: number;
  printed: string;
}

const program = join(import.meta.dirname, 'measured.py');

/** Runs a program to its end, which one of `exitCodes` says is a good one. */
export function measured(
  command: string,
  args: readonly string[],
  exitCodes: readonly number[] = [0],
): Measured {
  const text = execFileSync('python3', [program, command, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    // Peers that tell their makers of each run are asked not to.
    env: { ...process.env, NML_DISABLE_USAGE_LOGGING: '1', DO_NOT_TRACK: '1' },
  });
  const { exitCode, errors, ...found } = measurement.parse(JSON.parse(text));
  if (exitCodes.includes(exitCode)) return found;
  throw new Error(`${command} ${args.join(' ')} ended with ${exitCode}: ${errors}`);
}
