import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { datasetProfile } from '../../data/dataset.ts';
import { repositoryRoot } from '../../local/home.ts';
import { fileDrift } from '../../monitoring/file-drift.ts';
import { main } from '../main.ts';

const iris = join(repositoryRoot, 'models/iris/data/iris.csv');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drift-files-'));
  vi.stubEnv('EVERGREEN_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const code = await main(['drift', 'iris', ...args], {
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

/** The flowers, their sepals longer by two centimetres; every sixth width not measured. */
function otherFlowers(): string {
  const [header, ...rows] = readFileSync(iris, 'utf8').trim().split('\n');
  const moved = rows.map((line, place) => {
    const [length, width, ...rest] = line.split(',');
    return [Number(length) + 2, place % 6 === 0 ? '' : width, ...rest].join(',');
  });
  return written('other.csv', [header, ...moved].join('\n'));
}

describe('drift of two files', () => {
  it('finds a file like itself, and says so with exit code 0', async () => {
    const { code, stdout, stderr } = await run('--reference', iris, '--current', iris);
    expect(code).toBe(0);
    expect(stdout).toMatch(/verdict +stable: nothing passes the limits \(150 current rows\)/);
    expect(stdout).toContain('nothing needs to be done');
    expect(stderr).toMatch(/█+ 100% counting/);
  });

  it('names the features that changed, missing values too, and ends with exit code 5', async () => {
    const { code, stdout } = await run('--reference', iris, '--current', otherFlowers(), '--json');
    expect(code).toBe(5);
    const report = fileDrift.parse(JSON.parse(stdout));
    expect(report.reason).toBe('sepal_length, sepal_width changed since the reference (150 current rows)');
    expect(report.reference).toMatchObject({ kind: 'rows', rows: 150, broken: 0, unreadable: {} });
    const width = report.features.find(({ name }) => name === 'sepal_width');
    expect(width?.tests.filter(({ isDrift }) => isDrift).map(({ test }) => test)).toEqual(['missing']);
  });

  it('says the same by a profile that was kept', async () => {
    const profile = join(folder, 'profile.json');
    const other = otherFlowers();
    const first = await run('--reference', iris, '--current', other, '--save-profile', profile);
    expect(first.stdout).toContain(`--reference ${profile} --current ${other}`);
    const kept = datasetProfile.parse(JSON.parse(readFileSync(profile, 'utf8')));
    expect(kept).toMatchObject({ model: 'iris', rows: 150, target: { counts: { setosa: 50 } } });
    const [byRows, byProfile] = await Promise.all(
      [iris, profile].map(async (reference) =>
        fileDrift.parse(
          JSON.parse((await run('--reference', reference, '--current', other, '--json')).stdout),
        ),
      ),
    );
    expect(byProfile?.features).toEqual(byRows?.features);
    expect(byProfile?.reference).toMatchObject({ kind: 'profile', rows: 150 });
  });

  it('waits for enough rows', async () => {
    const few = written('few.csv', readFileSync(iris, 'utf8').split('\n').slice(0, 11).join('\n'));
    const { code, stdout } = await run('--reference', iris, '--current', few);
    expect(code).toBe(0);
    expect(stdout).toContain('not enough data: 10 current rows; 50 are needed');
  });

  it('tells what it could not read', async () => {
    const text = readFileSync(iris, 'utf8').trim();
    const bad = written('bad.csv', `${text}\nlong,3,1,1,setosa\n1,2\n`);
    const { stdout } = await run('--reference', iris, '--current', bad);
    expect(stdout).toContain(
      `${bad}: 151 rows; 1 rows could not be read; no value of its column in cells, counted as missing: 1 of sepal_length`,
    );
  });

  const aProfile = (changes: object) => {
    const feature = {
      ...{ type: 'numeric', count: 1, missing: 0, mean: null, standardDeviation: null, min: null, max: null },
      ...{ edges: [1], counts: [1, 0] },
    };
    const names = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'];
    const profile = {
      ...{ schema: 'evergreen/profile/v1', model: 'iris', datasetId: 'ds-1', rows: 1 },
      features: Object.fromEntries(names.map((name) => [name, feature])),
      target: { type: 'categorical', count: 0, missing: 1, counts: {}, other: 0 },
    };
    return JSON.stringify({ ...profile, ...changes });
  };

  it.each([
    ['it is a profile of tulip', { model: 'tulip' }],
    ['it has no feature sepal_length', { features: {} }],
    [
      'feature sepal_length is categorical in it and numeric now',
      { features: { sepal_length: { type: 'categorical', count: 0, missing: 0, counts: {}, other: 0 } } },
    ],
  ])('refuses a profile of something else: %s', async (why, changes) => {
    const profile = written('profile.json', aProfile(changes));
    const { code, stderr } = await run('--reference', profile, '--current', iris);
    expect(code).toBe(2);
    expect(stderr).toContain(`${profile} does not fit iris: ${why}; make it anew`);
  });

  it.each([
    [['--reference', iris], '--current is missing'],
    [['--current', iris], '--reference is missing'],
    [['--models', 'models'], '--reference is missing'],
    [['--reference', iris, '--current', iris, '--now'], 'cannot be used with option'],
    [['--reference', 'absent.csv', '--current', iris], 'absent.csv is not there'],
    [['--reference', 'absent.json', '--current', iris], 'absent.json is no profile.json'],
    [['--reference', 'p.json', '--current', iris, '--save-profile', 'q.json'], 'p.json is a profile already'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
