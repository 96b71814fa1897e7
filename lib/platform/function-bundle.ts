import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, parse, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { packageRoot } from './package-root.ts';
import { stagedFolder, stagedPath, stillWanted } from './staged-folder.ts';

/** Packages with machine code: they come as layers, never inside a bundle. */
const nativePackages = ['onnxruntime-node', '@duckdb/node-api'];

/** Sources are TypeScript in a checkout and JavaScript in an installed package; what lies beside them is the same. */
const extension = extname(import.meta.filename);
const lambdasFolder = fileURLToPath(new URL('../../lambdas', import.meta.url));
const program = fileURLToPath(new URL(`./bundle-program${extension}`, import.meta.url));

export const indexFile = 'index.json';

const bundleIndex = z.object({
  /** Every file that went in, by its path from the package, with the SHA-256 it had. */
  inputs: z.record(z.string(), z.string()),
  /** Every bundle, such as `predict/index.js`, with the files in it. */
  functions: z.record(z.string(), z.array(z.string())),
});
export type BundleIndex = z.infer<typeof bundleIndex>;

const latestBundles = z.object({ key: z.string(), folder: z.string() });

export interface FunctionBundles extends BundleIndex {
  /** Holds a folder for each function. */
  folder: string;
}

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

/** A function is a folder with a handler; a worker beside it, such as `trial-worker`, is a program it starts by name. */
function entryPoints(): Record<string, string> {
  const isEntry = (file: string) => file === `handler${extension}` || file.endsWith(`-worker${extension}`);
  return Object.fromEntries(
    readdirSync(lambdasFolder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) =>
        readdirSync(join(lambdasFolder, name))
          .filter(isEntry)
          .map((file) => {
            const output = file === `handler${extension}` ? 'index' : parse(file).name;
            return [`${name}/${output}`, join(lambdasFolder, name, file)];
          }),
      )
      .sort(),
  );
}

/** What bundles depend on besides the files in them. */
function keyOf(entries: Record<string, string>): string {
  const names = Object.keys(entries);
  return sha256(JSON.stringify([packageRoot, names, nativePackages, sha256(readFileSync(program))]));
}

function isUnchanged(index: BundleIndex): boolean {
  return Object.entries(index.inputs).every(([path, digest]) => {
    const file = join(packageRoot, path);
    return existsSync(file) && sha256(readFileSync(file)) === digest;
  });
}

const readIndex = (folder: string): BundleIndex =>
  bundleIndex.parse(JSON.parse(readFileSync(join(folder, indexFile), 'utf8')));

/** The bundles of the last synthesis, when nothing that went into them has changed. */
function earlierBundles(record: string, key: string): FunctionBundles | undefined {
  try {
    const latest = latestBundles.parse(JSON.parse(readFileSync(record, 'utf8')));
    if (latest.key !== key) return undefined;
    const index = readIndex(latest.folder);
    if (!isUnchanged(index)) return undefined;
    stillWanted(latest.folder);
    return { folder: latest.folder, ...index };
  } catch {
    // Nothing was bundled before, or its folder is gone: it is made again.
    return undefined;
  }
}

let bundles: FunctionBundles | undefined;

/** Every function of the product, bundled in one go. Equal sources give equal bytes. */
export function bundleFunctions(): FunctionBundles {
  if (bundles) return bundles;
  const entries = entryPoints();
  const key = keyOf(entries);
  const record = stagedPath(`bundles-${sha256(packageRoot).slice(0, 12)}.json`);
  bundles = earlierBundles(record, key) ?? makeBundles(record, key, entries);
  return bundles;
}

function makeBundles(record: string, key: string, entries: Record<string, string>): FunctionBundles {
  const folder = stagedFolder(`bundles-${process.pid}-${Date.now()}`, (outdir) => {
    const request = { root: packageRoot, outdir, entryPoints: entries, external: nativePackages };
    try {
      execFileSync(process.execPath, [program, JSON.stringify(request)], {
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
      });
    } catch (cause) {
      throw new EvergreenError('setup-failed', `functions could not be bundled: ${messageOf(cause)}`, {
        cause,
      });
    }
  });
  const unfinished = `${record}.${process.pid}`;
  writeFileSync(unfinished, JSON.stringify({ key, folder }));
  renameSync(unfinished, record);
  return { folder, ...readIndex(folder) };
}

/**
 * The folder to be uploaded for a function.
 *
 * @param name Its folder below lambdas/.
 * @param files Further files to lie beside its code, by name.
 */
export function functionFolder(name: string, files: Record<string, string> = {}): string {
  const { folder, functions } = bundleFunctions();
  if (functions[`${name}/index.js`] === undefined) {
    const known = Object.keys(functions).map((path) => dirname(path));
    throw new EvergreenError(
      'setup-failed',
      `there is no ${relative(packageRoot, lambdasFolder)}/${name}/handler${extension}; functions are ${[...new Set(known)].join(', ')}`,
    );
  }
  const code = join(folder, name);
  if (Object.keys(files).length === 0) return code;
  const digest = sha256(JSON.stringify([folder, files])).slice(0, 24);
  return stagedFolder(`${name}-${digest}`, (target) => {
    cpSync(code, target, { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(target, file), content);
  });
}
