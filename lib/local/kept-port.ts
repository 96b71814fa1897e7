import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const document = z.object({ port: z.int().min(1).max(65_535) });

const pathIn = (state: string) => join(state, 'address.json');

/** The port the kept state was made on; addresses of queues hold it. */
export function keptPort(state: string): number | undefined {
  try {
    return document.parse(JSON.parse(readFileSync(pathIn(state), 'utf8'))).port;
  } catch {
    // No state yet, or a file cut short: then the default port counts, as on the first start.
    return undefined;
  }
}

function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/**
 * Makes kept state fit another port: the engine's own addresses in its service files are rewritten.
 * Broken off half-way it is done again by the next start, since the port is noted last.
 */
export function moveState(state: string, port: number): void {
  const before = keptPort(state);
  if (before === port) return;
  const services = join(state, 'services');
  if (before !== undefined && existsSync(services)) {
    const own = new RegExp(`(?<=\\b(?:localhost|127\\.0\\.0\\.1):)${before}(?=/)`, 'g');
    for (const name of readdirSync(services).filter((file) => file.endsWith('.json'))) {
      const path = join(services, name);
      const text = readFileSync(path, 'utf8');
      const moved = text.replace(own, String(port));
      if (moved !== text) replaceFile(path, moved);
    }
  }
  mkdirSync(state, { recursive: true });
  replaceFile(pathIn(state), JSON.stringify({ port }));
}
