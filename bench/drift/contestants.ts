import { join } from 'node:path';
import * as z from 'zod';
import { fileDrift } from '../../lib/monitoring/file-drift.ts';
import { type Measured, measured } from '../measured.ts';
import { environmentOf } from '../python-environment.ts';
import type { makeFiles } from './make-files.ts';

const root = join(import.meta.dirname, '../..');
const peers = join(import.meta.dirname, 'peers');

export interface Run extends Measured {
  /** Columns that it says differ. */
  named: string[];
}

/** One way to compare the two files, as a process of its own from start to end. */
export interface Contestant {
  name: string;
  run(): Run;
}

export type Files = Awaited<ReturnType<typeof makeFiles>>;

/** The product's command; with `reference` a profile that it kept, or the rows. */
export function own(
  name: string,
  { models, current }: Files,
  reference: string,
  ...more: string[]
): Contestant {
  const args = [
    'drift',
    'bench',
    '--models',
    models,
    '--reference',
    reference,
    '--current',
    current,
    '--json',
    ...more,
  ];
  return {
    name,
    run() {
      // It ends with 5 when something differs, as it does here.
      const found = measured(process.execPath, [join(root, 'bin/cli.ts'), ...args], [5]);
      const { features } = fileDrift.parse(JSON.parse(found.printed));
      return {
        ...found,
        named: features.filter(({ verdict }) => verdict === 'drifted').map((each) => each.name),
      };
    },
  };
}

const answer = z.object({ named: z.array(z.string()) });

function other(name: string, command: string, program: string, { reference, current }: Files): Contestant {
  return {
    name,
    run() {
      const found = measured(command, [program, reference, current]);
      return { ...found, ...answer.parse(JSON.parse(found.printed.trim().split('\n').at(-1) ?? '')) };
    },
  };
}

/** The index in SQL on the same DuckDB, with nothing around it. */
export const bare = (files: Files): Contestant =>
  other('bare DuckDB', process.execPath, join(import.meta.dirname, 'bare-psi.ts'), files);

/** What there is in Python, each with its defaults. */
export function pythonPeers(files: Files, say: (line: string) => void): Contestant[] {
  const python = (name: string) =>
    join(environmentOf(join(peers, `requirements-${name}.txt`), say), 'python');
  return [
    other('NumPy and SciPy', python('scipy'), join(peers, 'numpy_scipy.py'), files),
    other('NannyML', python('nannyml'), join(peers, 'nannyml_drift.py'), files),
    other('whylogs', python('whylogs'), join(peers, 'whylogs_drift.py'), files),
    other('Evidently', python('evidently'), join(peers, 'evidently_drift.py'), files),
  ];
}
