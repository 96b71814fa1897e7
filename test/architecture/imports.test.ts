import { describe, expect, it } from 'vitest';
import { type Import, readImports, type SourceFile, sourceFiles } from './source-files.ts';

/* Holds the house of docs/architecture.md: rooms in the order of the loop, and names that say where code runs. */

/** A room takes from rooms before it; `platform` composes the rooms' constructs and stands beside the loop. */
const flow = [
  'shared',
  'statistics',
  'model',
  'intake',
  'data',
  'training',
  'registry',
  'inference',
  'evaluation',
  'rollout',
  'monitoring',
  'remediation',
  'server',
  'local',
  'cli',
];

/** Rooms whose plain files decide and nothing else: they touch no file, process or network, not even of this machine. */
const decidingRooms = [
  'shared',
  'statistics',
  'intake',
  'evaluation',
  'registry',
  'rollout',
  'monitoring',
  'remediation',
];

const machine = [
  'fs',
  'fs/promises',
  'child_process',
  'net',
  'http',
  'https',
  'worker_threads',
  'os',
  'stream',
].map((name) => `node:${name}`);

type Kind = 'rule' | 'store' | 'duckdb' | 'construct' | 'door';

const files = ['bin', 'lambdas', 'lib'].flatMap(sourceFiles);
const byPath = new Map(files.map((file) => [file.path, file]));

const isOurs = (target: string) => /^(bin|lambdas|lib)\//.test(target);
const roomOf = (path: string) => (/^lib\/[^/]+\//.test(path) ? path.split('/')[1] : undefined);
const positionOf = (path: string) => flow.indexOf(roomOf(path) ?? '');

/** Where a file's code runs, as its name says. */
function kindOf(path: string): Kind {
  if (path.endsWith('.construct.ts') || roomOf(path) === 'platform') return 'construct';
  if (path.endsWith('.store.ts')) return 'store';
  if (path.endsWith('.duckdb.ts')) return 'duckdb';
  const room = roomOf(path);
  return room === undefined || ['cli', 'local', 'server'].includes(room) ? 'door' : 'rule';
}

/** What is made at synth is put together by programs of this checkout, and by other apps through the package's entry. */
const composesPlatform = (path: string) => path.startsWith('bin/') || path === 'lib/index.ts';

/** The two files that hold clients of AWS for all: one makes them, one reads and writes objects. */
const holdsClients = (path: string) => ['lib/shared/clients.ts', 'lib/shared/objects.ts'].includes(path);

const isSdk = (target: string) => target.startsWith('@aws-sdk/');
const isCdk = (target: string) => ['aws-cdk-lib', 'constructs', 'cdk-nag'].includes(target);

/** A room's own operation: it is handed an AWS client (it knows the client's type) and passes it to the room's stores. */
const isOperation = ({ path, imports }: SourceFile) =>
  kindOf(path) === 'rule' &&
  imports.some(({ target, isType }) => isType && /^@aws-sdk\/client-/.test(target)) &&
  imports.some(({ target, isType }) => !isType && kindOf(target) === 'store');

/** States shapes and nothing else: zod, and shapes it is made of. */
function isContract(path: string): boolean {
  const values = byPath.get(path)?.imports.filter(({ isType }) => !isType) ?? [];
  return (
    values.some(({ target }) => target === 'zod') &&
    values.every(
      ({ target }) =>
        target === 'zod' || ['shared', 'model'].includes(roomOf(target) ?? '') || isContract(target),
    )
  );
}

/** Imports that break a rule, as `file → target`. */
function breaches(isBreach: (file: SourceFile, imported: Import) => boolean): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((imported) => isBreach(file, imported))
      .map(({ target }) => `${file.path} → ${target}`),
  );
}

describe('the walk itself', () => {
  it('reads every form of import there is', () => {
    const text = [
      "import a from 'one';",
      "import type { B } from 'two';",
      "import { type C, type D } from 'three';",
      "import { type E, f } from 'four';",
      "import * as g from 'five';",
      "import {\n  h,\n  type I,\n} from 'six';",
      "export { j } from 'seven';",
      "export type { K } from 'eight';",
      "export * from 'nine';",
      "import 'ten';",
      "const l = await import('eleven');",
      "// import m from 'no';",
      "/* import n from 'no'; */",
      "const o = `import p from 'no'`;",
    ].join('\n');
    expect(readImports(text).map(({ from, isType }) => [from, isType])).toEqual([
      ['one', false],
      ['two', true],
      ['three', true],
      ['four', false],
      ['five', false],
      ['six', false],
      ['seven', false],
      ['eight', true],
      ['nine', false],
      ['ten', false],
      ['eleven', false],
    ]);
  });

  it('finds the code and every file it imports', () => {
    expect(files.length).toBeGreaterThan(150);
    const known = (target: string) => byPath.has(target) || /\.(json|mjs)$/.test(target);
    expect(breaches((_, { target }) => isOurs(target) && !known(target))).toEqual([]);
  });

  it('knows every room', () => {
    const rooms = new Set(files.flatMap(({ path }) => roomOf(path) ?? []));
    expect([...rooms].filter((room) => ![...flow, 'platform'].includes(room))).toEqual([]);
  });
});

describe('rooms', () => {
  it('take nothing from a later room but its shapes, and in constructs its type', () => {
    expect(
      breaches(({ path }, { target, isType }) => {
        if (positionOf(path) < 0 || positionOf(target) <= positionOf(path)) return false;
        const isPassedIn = isType && kindOf(path) === 'construct' && kindOf(target) === 'construct';
        return !isPassedIn && !isContract(target);
      }),
    ).toEqual([]);
  });

  it('use the platform in constructs alone, and the platform uses no later step than its constructs', () => {
    expect(
      breaches(
        ({ path }, { target }) =>
          roomOf(target) === 'platform' && kindOf(path) !== 'construct' && !composesPlatform(path),
      ),
    ).toEqual([]);
    expect(
      breaches(
        ({ path }, { target }) =>
          roomOf(path) === 'platform' &&
          isOurs(target) &&
          kindOf(target) !== 'construct' &&
          !['shared', 'model'].includes(roomOf(target) ?? ''),
      ),
    ).toEqual([]);
  });

  it('are not reached through the entry for other apps, which would load CDK', () => {
    const isEntry = (target: string) => target === 'lib/index.ts' || target === 'evergreen';
    expect(breaches(({ path }, { target }) => isEntry(target) && !path.startsWith('bin/'))).toEqual([]);
  });

  it('know nothing of who composes them', () => {
    expect(
      breaches(({ path }, { target }) => path.startsWith('lib/') && /^(bin|lambdas)\//.test(target)),
    ).toEqual([]);
  });

  it('do not import each other in circles', () => {
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, trail: string[]): void => {
      const start = trail.indexOf(path);
      if (start >= 0) circles.push([...trail.slice(start), path].join(' → '));
      if (start >= 0 || done.has(path)) return;
      for (const { target, isType } of byPath.get(path)?.imports ?? []) {
        if (!isType && isOurs(target)) visit(target, [...trail, path]);
      }
      done.add(path);
    };
    for (const { path } of files) visit(path, []);
    expect(circles).toEqual([]);
  });
});

describe('a rule', () => {
  it('runs without AWS, DuckDB and CDK: it may know their types', () => {
    expect(
      breaches(
        ({ path }, { target, isType }) =>
          kindOf(path) === 'rule' &&
          !holdsClients(path) &&
          !isType &&
          (isSdk(target) || isCdk(target) || target === '@duckdb/node-api'),
      ),
    ).toEqual([]);
  });

  it('is handed its stores; only an operation, which is handed a client, calls those of its room', () => {
    expect(
      breaches((file, { target, isType }) => {
        if (
          kindOf(file.path) !== 'rule' ||
          isType ||
          !['store', 'duckdb', 'construct'].includes(kindOf(target))
        )
          return false;
        return !(isOperation(file) && roomOf(file.path) === roomOf(target) && kindOf(target) !== 'construct');
      }),
    ).toEqual([]);
  });

  it('does not reach an operation, which only doors call', () => {
    const operations = files.filter(isOperation).map(({ path }) => path);
    expect(operations).toContain('lib/data/validate-dataset.ts');
    expect(
      breaches(
        ({ path }, { target, isType }) => !isType && operations.includes(target) && kindOf(path) !== 'door',
      ),
    ).toEqual([]);
  });

  it('touches no file, process or network in the rooms that decide', () => {
    expect(
      breaches(
        ({ path }, { target, isType }) =>
          kindOf(path) === 'rule' &&
          decidingRooms.includes(roomOf(path) ?? '') &&
          !isType &&
          machine.includes(target),
      ),
    ).toEqual([]);
  });

  it('leaves the model runtime to one file', () => {
    expect(
      new Set(
        files
          .filter(({ imports }) => imports.some(({ target }) => target === 'onnxruntime-node'))
          .map(({ path }) => path),
      ),
    ).toEqual(new Set(['lib/inference/session.ts']));
  });
});

describe('clients and engines', () => {
  it('of AWS are in the hands of stores and doors', () => {
    expect(
      breaches(
        ({ path }, { target, isType }) =>
          isSdk(target) && !isType && !['store', 'door'].includes(kindOf(path)) && !holdsClients(path),
      ),
    ).toEqual([]);
  });

  it('of DuckDB are in the hands of files that say so', () => {
    expect(
      breaches(({ path }, { target }) => target.startsWith('@duckdb/') && kindOf(path) !== 'duckdb'),
    ).toEqual([]);
    expect(breaches(({ path }, { target }) => kindOf(path) === 'duckdb' && isSdk(target))).toEqual([]);
  });
});

describe('constructs', () => {
  it('alone know CDK, with the app that is made of them', () => {
    const knowsCdk = (path: string) => kindOf(path) === 'construct' || path === 'bin/evergreen.ts';
    expect(breaches(({ path }, { target }) => isCdk(target) && !knowsCdk(path))).toEqual([]);
  });

  it('are never part of what runs', () => {
    const mayImport = (path: string) => kindOf(path) === 'construct' || composesPlatform(path);
    expect(breaches(({ path }, { target }) => kindOf(target) === 'construct' && !mayImport(path))).toEqual(
      [],
    );
  });

  it('call no store and no query', () => {
    expect(
      breaches(
        ({ path }, { target, isType }) =>
          kindOf(path) === 'construct' &&
          !isType &&
          (isSdk(target) || ['store', 'duckdb'].includes(kindOf(target))),
      ),
    ).toEqual([]);
  });
});

describe('functions', () => {
  const folderOf = (path: string) => /^lambdas\/([^/]+)\//.exec(path)?.[1];

  it('use rooms and what all functions share, never each other', () => {
    expect(
      breaches(({ path }, { target }) => {
        const [own, other] = [folderOf(path), folderOf(target)];
        return path.startsWith('lambdas/') && other !== undefined && other !== own;
      }),
    ).toEqual([]);
  });

  it('know nothing of a laptop, the command or the platform', () => {
    expect(
      breaches(
        ({ path }, { target }) =>
          path.startsWith('lambdas/') &&
          (target.startsWith('bin/') ||
            ['local', 'cli', 'server', 'platform'].includes(roomOf(target) ?? '')),
      ),
    ).toEqual([]);
  });

  it('have one handler each, in a folder named by a verb and a noun', () => {
    const folders = new Set(files.flatMap(({ path }) => folderOf(path) ?? []));
    for (const folder of folders) {
      expect(folder).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(byPath.has(`lambdas/${folder}/handler.ts`), `lambdas/${folder}/handler.ts`).toBe(true);
    }
  });

  it('keep their handlers thin', () => {
    const handlers = files.filter(({ path }) => path.endsWith('/handler.ts'));
    expect(handlers.length).toBeGreaterThan(10);
    expect(handlers.filter(({ lines }) => lines > 80).map(({ path, lines }) => `${path}: ${lines}`)).toEqual(
      [],
    );
  });
});

describe('files', () => {
  it('can be read in one sitting', () => {
    expect(files.filter(({ lines }) => lines > 300).map(({ path, lines }) => `${path}: ${lines}`)).toEqual(
      [],
    );
  });

  it('are named in kebab-case after what they hold, never after nothing in particular', () => {
    const name = (path: string) => path.slice(path.lastIndexOf('/') + 1);
    expect(
      files
        .map(({ path }) => path)
        .filter((path) => /(^|[-./])(utils?|helpers?|managers?|services?|common)([-./]|$)/.test(path)),
    ).toEqual([]);
    expect(
      files
        .map(({ path }) => path)
        .filter(
          (path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(d|store|construct|duckdb))?\.(ts|mjs|mts)$/.test(name(path)),
        ),
    ).toEqual([]);
  });
});
