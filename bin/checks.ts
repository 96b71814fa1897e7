import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repositoryRoot } from '../lib/local/home.ts';
import { treeOf } from '../lib/local/processes.ts';
import { readReport, type TestReport } from './test-reports.ts';

/*
 * `npm test` and `npm run check`: every stage runs, also after one has failed; the last line sums the tests. Stages of one
 * line of the plan run at the same time, and what each printed is shown when it has ended.
 */

interface Stage {
  name: string;
  /** Other words for it on the command line. */
  also?: string[];
  command: string[];
  environment?: Record<string, string>;
  /** Where its runner writes what it counted. */
  report?: { path: string; kind: 'vitest' | 'junit' };
  limitMinutes: number;
}

interface Result {
  stage: Stage;
  passed: boolean;
  report: TestReport | undefined;
  seconds: number;
}

const reports = join(repositoryRoot, '.evergreen', 'tests');

function vitest(name: string, limitMinutes: number, also: string[] = []): Stage {
  const path = join(reports, `${name}.json`);
  return {
    name,
    also,
    command: [
      'vitest',
      'run',
      '--project',
      name,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${path}`,
    ],
    report: { path, kind: 'vitest' },
    limitMinutes,
  };
}

function pytest(name: string, folder: string, limitMinutes: number): Stage {
  const path = join(reports, `${name}.xml`);
  return {
    name,
    also: ['python'],
    command: [
      join(repositoryRoot, '.venv', 'bin', 'python'),
      '-m',
      'pytest',
      join(folder, 'tests'),
      '-p',
      'no:cacheprovider',
      // A test that cannot run here says why.
      '-rs',
      `--junitxml=${path}`,
    ],
    environment: { PYTHONPATH: join(repositoryRoot, folder) },
    report: { path, kind: 'junit' },
    limitMinutes,
  };
}

const types: Stage = { name: 'types', command: ['tsc', '-p', '.'], limitMinutes: 5 };
const biome: Stage = { name: 'biome', also: ['lint'], command: ['biome', 'check'], limitMinutes: 5 };
const ruff: Stage = {
  name: 'ruff',
  also: ['lint', 'python'],
  command: [
    join(repositoryRoot, '.venv', 'bin', 'ruff'),
    'check',
    '--quiet',
    'training',
    'local',
    'spark',
    'bench',
  ],
  limitMinutes: 5,
};
const walk: Stage = {
  name: 'dependencies',
  command: ['vitest', 'run', '--project', 'unit', 'test/architecture'],
  limitMinutes: 5,
};

const plans: Record<string, Stage[][]> = {
  check: [[types], [biome], [ruff], [walk]],
  test: [
    [types],
    [biome],
    [ruff],
    [vitest('unit', 10)],
    [vitest('infrastructure', 15, ['infra'])],
    [pytest('training', 'training', 15), pytest('local', 'local', 15)],
    [vitest('end-to-end', 30, ['e2e'])],
  ],
};

const plan = plans[process.argv[2] ?? ''] ?? [];
const { values } = parseArgs({ args: process.argv.slice(3), options: { only: { type: 'string' } } });
const wanted = values.only?.split(',').map((name) => name.trim());
const names = plan.flat().flatMap((stage) => [stage.name, ...(stage.also ?? [])]);
const unknown = wanted?.filter((name) => !names.includes(name)) ?? [];
if (plan.length === 0 || unknown.length > 0) {
  process.stderr.write(
    `error: no stage is named ${unknown.join(', ')}; there are ${[...new Set(names)].join(', ')}\n`,
  );
  process.exit(2);
}
const isWanted = ({ name, also = [] }: Stage) =>
  wanted === undefined || [name, ...also].some((each) => wanted.includes(each));
const steps = plan.map((stages) => stages.filter(isWanted));

const running = new Set<number>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    for (const pid of running) endTree(pid);
    process.exit(130);
  });
}

function endTree(root: number): void {
  for (const pid of treeOf(root)) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It ended by itself.
    }
  }
}

async function run(stage: Stage, isAlone: boolean): Promise<Result> {
  const startedAt = Date.now();
  const kept: string[] = [];
  const say = (text: string) => {
    if (isAlone) process.stdout.write(text);
    else kept.push(text);
  };
  say(`\n── ${stage.name} ${'─'.repeat(Math.max(0, 60 - stage.name.length))}\n`);
  if (stage.report) rmSync(stage.report.path, { force: true });
  const [command = '', ...args] = stage.command;
  const ended = await new Promise<string>((resolve) => {
    const child = spawn(command, args, {
      cwd: repositoryRoot,
      stdio: isAlone ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...stage.environment },
    });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', say);
    const timer = setTimeout(() => {
      say(`${stage.name} did not end within ${stage.limitMinutes} minutes\n`);
      if (pid !== undefined) endTree(pid);
    }, stage.limitMinutes * 60_000);
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (pid !== undefined) running.delete(pid);
      resolve(signal ?? String(code));
    });
  });
  if (!/^\d+$/.test(ended)) say(`${stage.name} ended with: ${ended}\n`);
  const report = stage.report ? readReport(stage.report.path, stage.report.kind) : undefined;
  const passed = ended === '0' && (stage.report === undefined || report?.counts.failed === 0);
  const seconds = (Date.now() - startedAt) / 1000;
  say(`── ${stage.name}: ${passed ? 'passed' : 'FAILED'} in ${seconds.toFixed(1)} s\n`);
  process.stdout.write(kept.join(''));
  return { stage, passed, report, seconds };
}

mkdirSync(reports, { recursive: true });
const startedAt = Date.now();
const results: Result[] = [];
for (const stages of steps) {
  results.push(...(await Promise.all(stages.map((stage) => run(stage, stages.length === 1)))));
}

const total = { passed: 0, failed: 0, skipped: 0 };
process.stdout.write('\n');
// What failed is said where one looks last: a stage's own lines may stand thousands of lines above.
for (const failure of results.flatMap(({ report }) => report?.failures ?? [])) {
  process.stdout.write(`${failure.slice(0, 1500)}\n\n`);
}
for (const { stage, passed, report, seconds } of results) {
  const counts = report?.counts;
  // A stage that failed without a failed test (types, a runner that crashed) counts as one failure.
  total.passed += counts?.passed ?? 0;
  total.failed += counts?.failed || (passed ? 0 : 1);
  total.skipped += counts?.skipped ?? 0;
  const told = counts
    ? `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`
    : '';
  process.stdout.write(
    `${passed ? 'ok    ' : 'FAILED'}  ${stage.name.padEnd(15)} ${seconds.toFixed(1).padStart(6)} s  ${told}\n`,
  );
}
process.stdout.write(`all stages in ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
if (results.some(({ report }) => report !== undefined)) {
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
