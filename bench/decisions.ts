import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import type { Figure, Suite } from './figures.ts';

/** The longest first: the cores are taken up one after the other. */
const parts = ['drift', 'ab-tests', 'rollouts', 'year', 'quality'];

const figures: z.ZodType<Figure[]> = z.array(
  z.object({
    name: z.string(),
    values: z.array(z.number()),
    unit: z.enum(['s', 'ms', 'MB', 'rows', '1']),
    limit: z.number(),
    isLeast: z.boolean(),
    isMet: z.boolean(),
  }),
);

/** Runs a part in a process of its own; what it says goes to where this suite speaks. */
async function runPart(name: string): Promise<Figure[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'decisions-part.ts'), name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [printed, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (exitCode !== 0) throw new Error(`the part ${name} ended with ${exitCode}`);
  return figures.parse(JSON.parse(printed));
}

/** How often rollouts, A/B tests, drift and a year of decisions end as they should, and what the bad ones cost. */
export const decisionsSuite: Suite = async () => {
  const waiting = [...parts];
  const found = new Map<string, Figure[]>();
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      found.set(name, await runPart(name));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return parts.flatMap((name) => found.get(name) ?? []);
};
