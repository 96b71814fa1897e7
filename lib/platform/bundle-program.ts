import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import * as z from 'zod';
import { type BundleIndex, indexFile } from './function-bundle.ts';

/* Run as a process of its own by function-bundle.ts: constructs cannot wait for a promise, and esbuild's plug-ins need one. */

const request = z
  .object({
    root: z.string(),
    outdir: z.string(),
    entryPoints: z.record(z.string(), z.string()),
    external: z.array(z.string()),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

/** Messages of zod in forty languages are half of a bundle, and functions answer in one. */
const oneLanguage: Plugin = {
  name: 'one-language',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ path, resolveDir, kind }) =>
      /[\\/]zod[\\/]/.test(resolveDir)
        ? resolve(path.replace('index.js', 'en.js'), { resolveDir, kind })
        : undefined,
    );
  },
};

/** A function may say the version it is of; what else our manifest says is no business of its callers. */
const versionOnly: Plugin = {
  name: 'version-only',
  setup({ onLoad }) {
    const manifest = join(request.root, 'package.json');
    onLoad({ filter: /package\.json$/ }, ({ path }) => {
      if (path !== manifest) return undefined;
      const { name, version } = JSON.parse(readFileSync(path, 'utf8'));
      return { contents: JSON.stringify({ name, version }), loader: 'json' };
    });
  },
};

/**
 * Lambda hands a function its credentials in the environment. The other ways to come by some (profiles, single sign-on,
 * instance metadata) would be a sixth of every bundle, and some 50 ms of the start of each process.
 */
const environmentCredentials: Plugin = {
  name: 'environment-credentials',
  setup({ onLoad }) {
    onLoad({ filter: /@aws-sdk\/credential-provider-node\/dist-es\/index\.js$/ }, ({ path }) => ({
      contents: `import { fromEnv } from '@aws-sdk/credential-provider-env';
        export const defaultProvider = (init) => fromEnv(init);`,
      resolveDir: dirname(path),
      loader: 'js',
    }));
  },
};

const { metafile } = await build({
  absWorkingDir: request.root,
  entryPoints: request.entryPoints,
  outdir: request.outdir,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  minify: true,
  mainFields: ['module', 'main'],
  external: request.external,
  metafile: true,
  logLevel: 'warning',
  plugins: [oneLanguage, versionOnly, environmentCredentials],
});

const digest = (path: string) =>
  createHash('sha256')
    .update(readFileSync(join(request.root, path)))
    .digest('hex');
const index: BundleIndex = {
  inputs: Object.fromEntries(Object.keys(metafile.inputs).map((path) => [path, digest(path)])),
  functions: Object.fromEntries(
    Object.entries(metafile.outputs).map(([path, { inputs }]) => [
      path.split('/').slice(-2).join('/'),
      Object.keys(inputs),
    ]),
  ),
};
writeFileSync(join(request.outdir, indexFile), JSON.stringify(index));
