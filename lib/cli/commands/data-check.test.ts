import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { datasetReport } from '../../data/dataset.ts';
import { repositoryRoot } from '../../local/home.ts';
import { main } from '../main.ts';

const iris = join(repositoryRoot, 'models/iris/data/iris.csv');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'data-check-'));
  vi.stubEnv('EVERGREEN_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const code = await main(['data', 'check', ...args, '--out', join(folder, 'report')], {
    stdin: process.stdin,
    stdout: { write: (text) => (stdout += text) },
    stderr: { isTTY: true, columns: 80, write: (text) => (stderr += text) },
    takeInterrupt: () => new AbortController().signal,
  });
  return { code, stdout, stderr };
}

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('data check', { timeout: 60_000 }, () => {
  it('says what the gate would say, and leaves the report', async () => {
    const { code, stdout, stderr } = await run('iris', iris);
    expect(code).toBe(0);
    expect(stdout).toMatch(/verdict +accepted\n/);
    expect(stdout).toContain(`upload it: npx evergreen upload iris ${iris}`);
    expect(stderr).toMatch(/█+░* *\d+% reading/);
    expect(stderr).toContain('measuring');
    const report = datasetReport.parse(JSON.parse(readFileSync(join(folder, 'report/report.json'), 'utf8')));
    expect(report.rows).toMatchObject({ read: 150, train: 120, test: 30 });
    expect(readFileSync(join(folder, 'report/report.html'), 'utf8')).toContain('Accepted');
  });

  it('ends with exit code 5 when the gate would reject the file, and keeps its rows', async () => {
    const bad = readFileSync(iris, 'utf8').replaceAll(/^5\./gm, 'x.');
    const { code, stdout } = await run('iris', written('bad.csv', bad), '--json');
    expect(code).toBe(5);
    const report = datasetReport.parse(JSON.parse(stdout));
    expect(report).toMatchObject({
      verdict: 'rejected',
      reasons: [expect.stringContaining('cannot be used')],
    });
    expect(readFileSync(join(folder, 'report/quarantine.jsonl'), 'utf8').split('\n').length).toBeGreaterThan(
      10,
    );
  });

  describe('of several files', () => {
    const [header = '', ...rows] = readFileSync(iris, 'utf8').trim().split('\n');
    const folderOf = (name: string, files: Record<string, string[]>) => {
      mkdirSync(join(folder, name));
      for (const [file, lines] of Object.entries(files)) written(join(name, file), lines.join('\n'));
      return join(folder, name);
    };

    it('says of a folder, of its files and of a manifest what it says of one file with their rows', async () => {
      const whole = datasetReport.parse(JSON.parse((await run('iris', iris, '--json')).stdout));
      const files = { 'a.csv': [header, ...rows.slice(0, 40)], 'b.csv': [header, ...rows.slice(40)] };
      const june = folderOf('june', files);
      folderOf('may.parts', files);
      const manifest = written('may.manifest.json', '{"parts": [{"name": "a.csv"}, {"name": "b.csv"}]}');
      for (const paths of [[june], [join(june, 'a.csv'), join(june, 'b.csv')], [manifest]]) {
        const { code, stdout, stderr } = await run('iris', ...paths, '--json');
        expect(code).toBe(0);
        const { rows: counted, checks, beforeAndAfter } = datasetReport.parse(JSON.parse(stdout));
        expect({ counted, checks, beforeAndAfter }).toEqual({
          counted: whole.rows,
          checks: whole.checks,
          beforeAndAfter: whole.beforeAndAfter,
        });
        expect(stderr).toMatch(/░ 15% reading b\.csv, 2 of 2/);
        expect(stderr).toContain('measuring');
      }
      expect((await run('iris', june)).stdout).toContain(`upload it: npx evergreen upload iris ${june}`);
    });

    it('names all that cannot be used, and ends with exit code 5', async () => {
      const mixed = folderOf('mixed', {
        'a.csv': [header, ...rows],
        'b.csv': ['x,y', '1,2'],
        'c.csv': ['', ''],
      });
      const { code, stdout } = await run('iris', mixed);
      expect(code).toBe(5);
      expect(stdout).toMatch(/rejected because\n +b\.csv line 1: .*\n +c\.csv/);
      const manifest = written('mixed.manifest.json', '{"parts": [{"name": "gone.csv"}]}');
      expect((await run('iris', manifest)).stdout).toContain('gone.csv: is not there; it should lie at');
      expect((await run('iris', join(mixed, 'a.csv'), join(mixed, 'gone.csv'))).code).toBe(2);
    });
  });

  it('rejects what cannot be read', async () => {
    expect((await run('iris', written('a.pdf', 'x'))).code).toBe(5);
    expect((await run('iris', written('empty.csv', ''))).stdout).toContain('the file is empty');
  });

  it('compares with another dataset when asked', async () => {
    const features = Object.fromEntries(
      ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'].map((name) => [
        name,
        {
          type: 'numeric',
          count: 900,
          missing: 0,
          mean: 20,
          standardDeviation: 1,
          min: 18,
          max: 22,
          edges: [20],
          counts: [450, 450],
        },
      ]),
    );
    const profile = {
      schema: 'evergreen/profile/v1',
      model: 'iris',
      datasetId: 'ds-before',
      rows: 900,
      features,
      target: { type: 'categorical', count: 900, missing: 0, counts: { setosa: 900 }, other: 0 },
    };
    const many = [
      ...readFileSync(iris, 'utf8').trim().split('\n'),
      ...readFileSync(iris, 'utf8').trim().split('\n').slice(1),
    ].join('\n');
    const path = written('profile.json', JSON.stringify(profile));
    const { code, stdout } = await run('iris', written('twice.csv', many), '--against', path);
    expect(code).toBe(0);
    expect(stdout).toContain('petal_length is distributed otherwise than in ds-before');
    expect((await run('iris', iris, '--against', iris)).code).toBe(2);
  });

  it('knows the models there are, and refuses files that are not', async () => {
    expect(await run('orchid', iris)).toMatchObject({ code: 3, stderr: expect.stringContaining('iris') });
    expect((await run('iris', join(folder, 'none.csv'))).code).toBe(2);
    mkdirSync(join(folder, 'models'));
    expect((await run('iris', iris, '--models', join(folder, 'models'))).code).toBe(2);
  });
});
