/* Begins the program of an archive, when this machine can run it: says so in words when it cannot. */

import { readFileSync } from 'node:fs';

const { engines, os, cpu } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const [major] = process.versions.node.split('.');
const least = Number(engines.node.replace('>=', ''));
const wrong =
  Number(major) < least
    ? `Node ${process.versions.node} is too old; Node ${least} or newer is needed`
    : !os.includes(process.platform) || !cpu.includes(process.arch)
      ? `this archive is for ${os}-${cpu}, and this machine is ${process.platform}-${process.arch}; export it with --platform`
      : undefined;
if (wrong === undefined) await import('./runner.mjs');
else {
  process.stderr.write(`error: ${wrong}\n`);
  process.exit(2);
}
