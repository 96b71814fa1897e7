import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';

/** What is kept of a started engine in `engine.json`. */
export const engineRecord = z.object({
  pid: z.int().positive(),
  port: z.int().min(1).max(65_535),
  /** Whether requests are checked against IAM policies. */
  auth: z.boolean(),
  region: z.string(),
  startedAt: z.iso.datetime(),
  version: z.string(),
});
export type EngineRecord = z.infer<typeof engineRecord>;

/** What can be seen of the process that a record names. */
export interface EngineFacts {
  isRunning: boolean;
  isEngine: boolean;
  isAnswering: boolean;
}

/**
 * gone: the process ended without cleaning up; foreign: its id belongs to another program now;
 * unresponsive: it is there and does not answer, or not yet.
 */
export type EngineState = 'stopped' | 'running' | 'unresponsive' | 'gone' | 'foreign';

export function judgeEngine(record: EngineRecord | undefined, facts: EngineFacts): EngineState {
  if (!record) return 'stopped';
  if (!facts.isRunning) return 'gone';
  if (!facts.isEngine) return 'foreign';
  return facts.isAnswering ? 'running' : 'unresponsive';
}

/** The record, or undefined when there is none or it cannot be read as one. */
export function readEngineRecord(path: string): EngineRecord | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return engineRecord.parse(JSON.parse(text));
  } catch {
    // Cut short by a crash: worth as much as none.
    return undefined;
  }
}

export function writeEngineRecord(path: string, record: EngineRecord): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

export function removeEngineRecord(path: string): void {
  rmSync(path, { force: true });
}
