import * as z from 'zod';

const readyLine = z.object({ ready: z.literal(true), port: z.number() });

/** Whether the text the engine wrote since its start has the line that says it is ready. */
export function saysReady(text: string): boolean {
  return text.split('\n').some((line) => {
    if (!line.startsWith('{')) return false;
    try {
      return readyLine.safeParse(JSON.parse(line)).success;
    } catch {
      return false;
    }
  });
}

/** The last lines of a text, without the empty ones. */
export function tailOf(text: string, lines: number): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines);
}
