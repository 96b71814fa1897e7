import { createInterface } from 'node:readline/promises';
import { EvergreenError } from '../shared/errors.ts';
import type { ProgressOutput } from './progress-line.ts';

/** Asks on a terminal; where nobody can answer, --yes must have been given. */
export function confirmOn(
  stdin: NodeJS.ReadStream,
  output: ProgressOutput,
  saysYes: boolean,
): (question: string) => Promise<boolean> {
  return async (question) => {
    if (saysYes) return true;
    if (!stdin.isTTY) {
      throw new EvergreenError('usage-invalid', `nobody is there to answer "${question}"; pass --yes`);
    }
    output.write(`${question} [y/N] `);
    const reader = createInterface({ input: stdin });
    try {
      const answer = await reader.question('');
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      reader.close();
    }
  };
}
