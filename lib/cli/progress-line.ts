import type { Progress } from '../local/progress.ts';

export interface ProgressOutput {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
}

/** Where progress goes, and how to take the line away that is being updated. */
export interface ProgressLine {
  progress: Progress;
  clear(): void;
}

/**
 * Shows progress: on a terminal one line that is overwritten by each step, elsewhere a line when a step says
 * something new, every few seconds: what is quick says nothing.
 */
export function progressLine(
  output: ProgressOutput,
  options: { now?: () => number; everyMs?: number } = {},
): ProgressLine {
  const now = options.now ?? Date.now;
  const everyMs = options.everyMs ?? 5000;
  let shown = false;
  let lastAt = now();
  const clear = () => {
    if (shown) output.write('\r\u001b[2K');
    shown = false;
  };
  const progress: Progress = ({ kind, text }) => {
    if (kind === 'note') {
      clear();
      output.write(`${text}\n`);
    } else if (output.isTTY === true) {
      clear();
      output.write(text.slice(0, (output.columns ?? 80) - 1));
      shown = true;
    } else if (now() - lastAt >= everyMs) {
      lastAt = now();
      output.write(`${text}\n`);
    }
  };
  return { progress, clear };
}
