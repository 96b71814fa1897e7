import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import * as z from 'zod';
import { repositoryRoot } from '../lib/local/home.ts';
import { pins } from '../lib/platform/native-package.ts';

/*
 * `npm run package -- [folder]`: packs the constructs for other CDK apps.
 *
 * Node reads TypeScript in a checkout but not below node_modules, so the package holds compiled files. Its manifest is
 * made from ours: without the command, which belongs to a checkout, and with the CDK as the other app has it.
 */

const dist = mkdtempSync(join(tmpdir(), 'evergreen-package-'));
process.once('exit', () => rmSync(dist, { recursive: true, force: true }));
const destination = resolve(process.argv[2] ?? repositoryRoot);
const bin = (name: string) => join(repositoryRoot, 'node_modules', '.bin', name);
const readJson = (name: string): unknown => JSON.parse(readFileSync(join(repositoryRoot, name), 'utf8'));

const ours = z
  .object({
    name: z.string(),
    version: z.string(),
    description: z.string(),
    license: z.string(),
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
  })
  .parse(readJson('package.json'));

/** What the app that embeds the constructs brings itself, so that there is one CDK in it. */
const peers = ['aws-cdk-lib', 'constructs'];
/** Read from the folder of node_modules they are in, never imported. */
const layered = ['onnxruntime-node', '@duckdb/node-api'];

/** Packages that the compiled files import. */
function importedPackages(): string[] {
  const { metafile } = buildSync({
    absWorkingDir: dist,
    entryPoints: readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.js'),
    ),
    outdir: 'unused',
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  const imports = Object.values(metafile.outputs).flatMap(({ imports }) => imports);
  const names = imports
    .map(({ path }) => path)
    .filter((path) => !isBuiltin(path))
    .map((path) => path.split('/').slice(0, path.startsWith('@') ? 2 : 1))
    .map((parts) => parts.join('/'));
  return [...new Set([...names, ...layered])].sort();
}

function versionsOf(names: string[], range = ''): Record<string, string> {
  const known = { ...ours.devDependencies, ...ours.dependencies };
  return Object.fromEntries(
    names.map((name) => {
      const version = known[name];
      if (version === undefined) throw new Error(`${name} is imported but not in package.json`);
      return [name, `${range}${version}`];
    }),
  );
}

execFileSync(bin('tsc'), ['-p', 'tsconfig.build.json', '--outDir', dist], {
  cwd: repositoryRoot,
  stdio: 'inherit',
});
for (const name of ['statemachines', 'training', 'spark']) {
  cpSync(join(repositoryRoot, name), join(dist, name), {
    recursive: true,
    filter: (path) =>
      !/(^|\/)(tests|__pycache__|\.pytest_cache|requirements-dev\.txt)(\/|$)/.test(
        path.slice(repositoryRoot.length),
      ),
  });
}

const { name, version, description, license } = ours;
const manifest = {
  name,
  version,
  description,
  license,
  type: 'module',
  engines: { node: '>=22.18' },
  exports: { '.': { types: './lib/index.d.ts', default: './lib/index.js' } },
  dependencies: versionsOf(importedPackages().filter((imported) => !peers.includes(imported))),
  peerDependencies: versionsOf(peers, '^'),
};
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

const native = Object.entries(pins.parse(readJson('package-lock.json')).packages)
  .filter(([path]) => path.startsWith('node_modules/@duckdb/node-bindings-'))
  .map(([path, { version, integrity }]) => [path, { version, integrity }]);
writeFileSync(
  join(dist, 'native-packages.json'),
  `${JSON.stringify({ packages: Object.fromEntries(native) }, null, 2)}\n`,
);

const packed = execFileSync('npm', ['pack', dist, '--silent', '--pack-destination', destination], {
  encoding: 'utf8',
});
process.stdout.write(`${join(destination, packed.trim().split('\n').at(-1) ?? '')}\n`);
