import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Import {
  /** Path of a file of ours from the root, or the name of a package. */
  target: string;
  /** Whether nothing of it is there at run time. */
  isType: boolean;
}

export interface SourceFile {
  path: string;
  lines: number;
  imports: Import[];
}

/** What a file imports: statements, re-exports and `import()` of a literal. */
export function readImports(text: string): { from: string; isType: boolean }[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found: { from: string; isType: boolean }[] = [];
  const statement = /^(?:import|export)\s+(type\s+)?((?:\*|[\w$]|\{|,)[^'"`;]*?)\bfrom\s+['"]([^'"]+)['"]/gm;
  for (const [, type, names = '', from = ''] of code.matchAll(statement)) {
    const inner = /^\{([^}]*)\}\s*$/.exec(names)?.[1];
    const all = inner?.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
    found.push({
      from,
      isType: type !== undefined || (all?.every((name) => name.startsWith('type ')) ?? false),
    });
  }
  for (const [, from = ''] of code.matchAll(/^import\s+['"]([^'"]+)['"]/gm))
    found.push({ from, isType: false });
  for (const [, from = ''] of code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    found.push({ from, isType: false });
  }
  return found;
}

/** A package's name without the path inside it. */
function packageOf(from: string): string {
  if (from.startsWith('node:')) return from;
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The product's own code below a folder: no tests, no fixtures of tests. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((path) => /\.(ts|mts|mjs)$/.test(path) && !path.endsWith('.d.mts'))
    .filter((path) => !path.includes('.test.') && !path.includes('/fixtures/'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      const imports = readImports(text).map(({ from, isType }) => ({
        target: from.startsWith('.') ? posix.join(posix.dirname(path), from) : packageOf(from),
        isType,
      }));
      return { path, lines: text.trimEnd().split('\n').length, imports };
    });
}
