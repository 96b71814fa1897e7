import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { extract, list } from 'tar';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { packTrainingSource } from './source-archive.ts';

const folders: string[] = [];

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'evergreen-archive-test-'));
  folders.push(folder);
  return folder;
}

function aFolder(files: Record<string, string>): string {
  const folder = temporary();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const sources = {
  'train.py': 'print("train")\n',
  'requirements.txt': 'numpy\n',
  'evergreen_training/__init__.py': '',
  'evergreen_training/run.py': 'x = 1\n',
  'evergreen_training/__pycache__/run.cpython-311.pyc': 'bytes',
  'tests/test_run.py': 'assert True\n',
  'README.md': 'read me',
};

function pack(...parameters: Parameters<typeof packTrainingSource>) {
  const archive = packTrainingSource(...parameters);
  folders.push(dirname(archive.file));
  return archive;
}

function namesIn(file: string): string[] {
  const names: string[] = [];
  list({ file, sync: true, onReadEntry: (entry) => names.push(entry.path) });
  return names;
}

afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('packTrainingSource', () => {
  it('ships the trainer and what it imports, without tests, caches and papers', () => {
    const { file, program } = pack(aFolder(sources));
    expect(program).toBe('train.py');
    expect(namesIn(file)).toEqual([
      'evergreen_training/__init__.py',
      'evergreen_training/run.py',
      'requirements.txt',
      'train.py',
    ]);
  });

  it('makes equal bytes of equal sources, whenever and as whomever they were written', () => {
    const first = aFolder(sources);
    const second = aFolder(Object.fromEntries(Object.entries(sources).reverse()));
    utimesSync(join(second, 'train.py'), new Date(0), new Date(86_400_000));
    chmodSync(join(second, 'requirements.txt'), 0o664);
    const one = pack(first);
    const other = pack(second);
    expect(readFileSync(one.file).equals(readFileSync(other.file))).toBe(true);
    expect(one.digest).toBe(other.digest);
  });

  it('has another digest when a file has other content or another name', () => {
    const { digest } = pack(aFolder(sources));
    const changed = pack(aFolder({ ...sources, 'evergreen_training/run.py': 'x = 2\n' }));
    const { 'evergreen_training/run.py': run, ...others } = sources;
    const renamed = pack(aFolder({ ...others, 'evergreen_training/runs.py': run }));
    const untouched = pack(aFolder({ ...sources, 'tests/test_run.py': 'assert 1\n' }));
    expect(new Set([digest, changed.digest, renamed.digest]).size).toBe(3);
    expect(untouched.digest).toBe(digest);
  });

  it("puts a model's own script in the place of the built-in one", () => {
    const script = join(aFolder({ 'mine.py': 'print("mine")\n' }), 'mine.py');
    const own = pack(aFolder(sources), { trainScript: script });
    expect(own.program).toBe('train.py');
    expect(namesIn(own.file)).toContain('train.py');
    expect(own.digest).not.toBe(pack(aFolder(sources)).digest);
  });

  it("adds a model's own requirements to those of the trainers", () => {
    const trainRequirements = join(aFolder({ 'requirements.txt': 'torch>=2.6\n' }), 'requirements.txt');
    const { file } = pack(aFolder(sources), { trainRequirements });
    const folder = temporary();
    extract({ file, cwd: folder, sync: true });
    expect(readFileSync(join(folder, 'requirements.txt'), 'utf8')).toBe(
      'numpy\n\n# Of the model.\ntorch>=2.6\n',
    );
  });

  it('leaves nothing behind but the archive', () => {
    const scratch = temporary();
    vi.stubEnv('TMPDIR', scratch);
    const { file } = packTrainingSource(aFolder(sources));
    const left = readdirSync(scratch).filter((name) => name.startsWith('evergreen-source-'));
    expect(left.map((name) => join(scratch, name))).toEqual([dirname(file)]);
  });

  it('says which part of the trainer is missing', () => {
    const { 'requirements.txt': _, ...incomplete } = sources;
    expect(() => packTrainingSource(aFolder(incomplete))).toThrow(/requirements\.txt/);
  });
});
