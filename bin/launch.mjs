#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureSetUp } from '../lib/local/set-up.mjs';

/*
 * The way in for npm scripts and `npx evergreen`: installs what is missing, then hands over to the command, which
 * runs on the Node version of package.json whatever the machine has.
 */

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** npm scripts that are no commands of the product. */
const scripts = new Map([
  ['test', ['bin/checks.ts', 'test']],
  ['check', ['bin/checks.ts', 'check']],
  ['bench', ['bench/main.ts']],
  ['synth', ['bin/synth.ts']],
]);

/** What needs the Python environment; everything else must not wait for it. */
const needingPython = new Set(['start', 'up', 'test', 'check', 'bench']);

function planOf(args) {
  const verb = args.find((arg) => !arg.startsWith('-'));
  const wantsHelp = args.some((arg) => arg === '--help' || arg === '-h');
  const script = args[0] === undefined ? undefined : scripts.get(args[0]);
  return {
    program: script ?? ['bin/cli.ts'],
    args: script ? args.slice(1) : args,
    needsPython: !wantsHelp && verb !== undefined && needingPython.has(verb),
  };
}

function environment() {
  const folders = [join(root, 'node_modules', '.bin'), join(root, '.venv', 'bin')];
  return { ...process.env, PATH: [...folders, process.env.PATH ?? ''].join(delimiter) };
}

/** Runs the program until it ends; signals go on to it, so that it can clean up. */
function handOver(plan) {
  const [program, ...fixed] = plan.program;
  const node = join(root, 'node_modules', '.bin', 'node');
  const child = spawn(node, [join(root, program), ...fixed, ...plan.args], {
    stdio: 'inherit',
    env: environment(),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function report(error, args) {
  const remedy = error.remedy ?? 'read .evergreen/logs/setup.log, then start again';
  if (args.includes('--json')) {
    const body = { code: 'setup-failed', kind: 'unavailable', message: error.message, remedy };
    process.stdout.write(`${JSON.stringify({ error: body })}\n`);
  } else {
    say(`error: ${error.message}\n${remedy}`);
  }
}

async function main(args) {
  const plan = planOf(args);
  const stop = (signal) => process.exit(128 + constants.signals[signal]);
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    await ensureSetUp({ root, needsPython: plan.needsPython, say });
  } catch (error) {
    report(error, args);
    return 6;
  }
  process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
  if (!existsSync(join(root, plan.program[0]))) {
    say(`error: ${plan.program[0]} is not part of this checkout`);
    return 5;
  }
  return handOver(plan);
}

// Said outright: timers of an installer that could not even start must not hold the process.
process.exit(await main(process.argv.slice(2)));
