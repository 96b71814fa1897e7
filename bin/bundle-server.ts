import { copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { repositoryRoot } from '../lib/local/home.ts';
import { onnxruntimeParts } from '../lib/platform/onnxruntime-parts.ts';

/*
 * Puts a program with all that it needs into one folder: the standalone server, `node <folder>/serve.mjs`, or with --edge
 * the program of an exported archive, `node <folder>/run.mjs`.
 *
 * Usage: node bin/bundle-server.ts <folder> [--edge] [--cpu x64|arm64]
 */

const { values, positionals } = parseArgs({
  options: { edge: { type: 'boolean' }, cpu: { type: 'string', default: process.arch } },
  allowPositionals: true,
});
const [given] = positionals;
const { cpu, edge: isEdge = false } = values;
if (given === undefined || (cpu !== 'arm64' && cpu !== 'x64')) {
  process.stderr.write('usage: node bin/bundle-server.ts <folder> [--edge] [--cpu x64|arm64]\n');
  process.exit(2);
}
const folder = resolve(given);

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const programs = isEdge
  ? { runner: 'bin/edge.ts' }
  : { serve: 'bin/serve.ts', worker: 'lib/server/worker.ts' };
// Each by itself: in what they share, the one that only watches would load what only the other needs.
for (const [name, entryPoint] of Object.entries(programs)) {
  await build({
    absWorkingDir: repositoryRoot,
    entryPoints: { [name]: entryPoint },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[hash]',
    bundle: true,
    // Clients of AWS are loaded where models lie there, and nowhere else.
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifySyntax: true,
    mainFields: ['module', 'main'],
    // Some packages of the bundle are CommonJS and ask for modules of Node.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    external: ['onnxruntime-node'],
    logLevel: 'warning',
  });
}
for (const { name, folder: source, keep } of onnxruntimeParts(cpu)) {
  const copy = join(folder, 'node_modules', name);
  mkdirSync(dirname(copy), { recursive: true });
  cpSync(source, copy, {
    recursive: true,
    dereference: true,
    ...(keep ? { filter: (path) => keep(path.slice(source.length)) } : {}),
  });
}
const manifest = isEdge
  ? { name: 'evergreen-edge', private: true, engines: { node: '>=24' }, os: ['linux'], cpu: [cpu] }
  : { name: 'evergreen-server', private: true };
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest)}\n`);
if (isEdge) copyFileSync(join(repositoryRoot, 'bin', 'edge-run.mjs'), join(folder, 'run.mjs'));
