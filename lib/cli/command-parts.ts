import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from './context.ts';
import type { Outcome } from './outcome.ts';

/* What the files that describe commands are written with. */

export type Run = (context: Context) => Promise<Outcome>;

/** Ties a command to its code; `run` gets the command's arguments, then its options. */
export type On = <Args extends unknown[]>(command: Command, run: (...args: Args) => Run) => Command;

/** A whole number in a range, from the command line. */
export function wholeNumber(least: number, greatest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= greatest) return value;
    throw new InvalidArgumentError(`it must be a whole number from ${least} to ${greatest}.`);
  };
}

/** Epsilon of differential privacy, in thousandths at the finest. */
export function epsilon(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d{1,3})?$/.test(text) && value > 0 && value <= 100) return value;
  throw new InvalidArgumentError('it must be a number from 0.001 to 100, with three decimals at most.');
}

export const count = wholeNumber(1, 1000);
export const version = wholeNumber(1, 99_999_999);

export const groups = { local: 'On this machine:', loop: 'The loop:', models: 'Models:', watch: 'Watching:' };

export const examples = (...commands: string[]) =>
  `\nExamples:\n${commands.map((text) => `  npx evergreen ${text}`).join('\n')}`;
