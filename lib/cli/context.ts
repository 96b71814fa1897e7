import { type Home, homeAt } from '../local/home.ts';
import type { Progress } from '../local/progress.ts';
import type { Outcome } from './outcome.ts';

/** Options every command takes. */
export interface GlobalOptions {
  json?: boolean | undefined;
  target?: 'local' | 'aws' | undefined;
  stage?: string | undefined;
  region?: string | undefined;
  profile?: string | undefined;
  yes?: boolean | undefined;
}

/** What a command works with; everything that reaches outside comes in through it. */
export interface Context {
  options: GlobalOptions;
  home: Home;
  progress: Progress;
  now(): Date;
  /** Shows an answer before the command ends. */
  publish(outcome: Outcome): void;
  /** Asks a person; resolves to false when they decline. */
  confirm(question: string): Promise<boolean>;
  /** Aborts on Ctrl-C or a request to end. Whoever takes it cleans up; otherwise the process ends at once. */
  takeInterrupt(): AbortSignal;
}

export function contextFor(
  options: GlobalOptions,
  parts: Omit<Context, 'options' | 'home' | 'now'>,
): Context {
  return { options, home: homeAt(), now: () => new Date(), ...parts };
}
