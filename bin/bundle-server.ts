import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { repositoryRoot } from '../lib/local/home.ts';
import { onnxruntimeParts } from '../lib/platform/onnxruntime-parts.ts';

/*
 * Puts all that `bin/serve.ts` needs into one folder, for this machine's architecture: `node <folder>/serve.mjs`.
 *
 * Usage: node bin/bundle-server.ts <folder>
 */

const [given] = process.argv.slice(2);
const cpu = process.arch;
if (given === undefined || (cpu !== 'arm64' && cpu !== 'x64')) {
  process.stderr.write('usage: node bin/bundle-server.ts <folder>, on arm64 or x64\n');
  process.exit(2);
}
const folder = resolve(given);

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await build({
  absWorkingDir: repositoryRoot,
  entryPoints: { serve: 'bin/serve.ts', worker: 'lib/server/worker.ts' },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
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
for (const { name, folder: source, keep } of onnxruntimeParts(cpu)) {
  const copy = join(folder, 'node_modules', name);
  mkdirSync(dirname(copy), { recursive: true });
  cpSync(source, copy, {
    recursive: true,
    dereference: true,
    ...(keep ? { filter: (path) => keep(path.slice(source.length)) } : {}),
  });
}
writeFileSync(join(folder, 'package.json'), '{"name":"evergreen-server","private":true}\n');
