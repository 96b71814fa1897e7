import { join } from 'node:path';
import * as z from 'zod';
import { type Measured, measured } from '../measured.ts';
import { environmentOf } from '../python-environment.ts';

/** One way to check a file, as a process of its own from start to end. */
export interface Contestant {
  name: string;
  run(file: string): Checked;
}

export interface Checked extends Measured {
  /** Defects found, by class. */
  counts: Record<string, number>;
}

const answer = z.object({ counts: z.record(z.string(), z.int()) });

function contestant(name: string, command: string, program: string): Contestant {
  return {
    name,
    run(file) {
      const found = measured(command, [join(import.meta.dirname, program), file]);
      return { ...found, ...answer.parse(JSON.parse(found.printed.trim().split('\n').at(-1) ?? '')) };
    },
  };
}

export const gate = contestant('evergreen, whole gate', process.execPath, 'gate.ts');
export const checks = contestant('evergreen, checks', process.execPath, 'checks.ts');
export const bare = contestant('bare DuckDB', process.execPath, 'bare-checks.ts');
export const bareGate = contestant('bare DuckDB, a gate', process.execPath, 'bare-gate.ts');

/** What there is in Python. */
export function pythonPeers(say: (line: string) => void): Contestant[] {
  const python = (name: string) =>
    join(environmentOf(join(import.meta.dirname, 'peers', `requirements-${name}.txt`), say), 'python');
  return [
    contestant('pandera', python('pandera'), 'peers/pandera_checks.py'),
    contestant('pydantic', python('pandera'), 'peers/pydantic_checks.py'),
    contestant('Great Expectations', python('great-expectations'), 'peers/great_expectations_checks.py'),
  ];
}
