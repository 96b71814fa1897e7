import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Folders and files that a deployment is made from. */
const sources = [
  'bin',
  'lib',
  'lambdas',
  'statemachines',
  'training',
  'spark',
  'models',
  'package-lock.json',
];

/** Parts of them that never reach a template or an asset. */
const left = [
  /\.test\.ts$/,
  /(^|\/)__pycache__\//,
  /(^|\/)\.pytest_cache\//,
  /^lib\/(cli|local|server)\//,
  /^training\/tests\//,
];

function filesBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .flatMap((entry) => filesBelow(join(path, entry.name)));
}

/**
 * Tells whether anything that a deployment is made from has changed.
 *
 * @param contexts Values handed to the CDK app.
 * @param extra Further folders it reads, such as a model folder outside the checkout.
 * @returns 64 hexadecimal digits.
 */
export function fingerprintOf(root: string, contexts: Record<string, string>, extra: string[] = []): string {
  const hash = createHash('sha256');
  const add = (name: string, content: Uint8Array | string) =>
    hash.update(`${name}\0${content.length}\0`).update(content);
  for (const [name, value] of Object.entries(contexts).sort()) add(`-c ${name}`, value);
  for (const source of [...sources.map((name) => join(root, name)), ...extra]) {
    for (const path of filesBelow(source).sort()) {
      const name = relative(root, path);
      if (!left.some((pattern) => pattern.test(name))) add(name, readFileSync(path));
    }
  }
  return hash.digest('hex');
}
