import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { rounded } from '../../lib/data/spark/fixtures/rounded.ts';
import { sparkPython } from '../../lib/data/spark/fixtures/spark-python.ts';
import { type Figure, figure } from '../figures.ts';
import { measured } from '../measured.ts';
import { makeFile } from './make-file.ts';

const rows = 500_000;
/** A job takes half a minute to begin, whatever the file: what is held to is that it does not take much more. */
const mostTimes = 30;

/** One file through the gate of the function and through the branch of large files, once each: the same report, and in what time. */
export async function onSpark(folder: string, say: (line: string) => void): Promise<Figure[]> {
  const spark = await sparkPython();
  if ('missing' in spark) {
    say(`the branch of large files is not measured: ${spark.missing}`);
    return [];
  }
  const path = join(folder, 'rows.csv');
  await makeFile(path, rows, true);
  const [gate, branch] = ['gate.ts', 'spark.ts'].map((program) => {
    const report = join(folder, `${program}.json`);
    const run = measured(process.execPath, [join(import.meta.dirname, program), path, report]);
    say(
      `${rows} rows, ${program}: ${run.seconds.toFixed(1)} s, ${run.megabytes.toFixed(0)} MB in its largest process`,
    );
    return { run, report: JSON.parse(readFileSync(report, 'utf8')) };
  });
  if (!gate || !branch) throw new Error('nothing was measured');
  const { createdAt: _at, durationMs: _took, ...told } = gate.report;
  const different = Object.keys(told).filter(
    (name) => !isDeepStrictEqual(rounded(told[name]), rounded(branch.report[name])),
  );
  return [
    figure("on Spark: parts of the report that differ from the gate's", [different.length], '1', 0),
    figure('on Spark: time of the whole gate', [branch.run.seconds / gate.run.seconds], '1', mostTimes),
  ];
}
