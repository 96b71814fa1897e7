import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatasetReport, datasetManifest, datasetReport } from '../../lib/data/dataset.ts';
import { erasureRecord } from '../../lib/data/erasure/erasure-record.ts';
import type { Run } from '../../lib/intake/run.ts';
import { runList, uploaded, versionList, watched } from './documents.ts';
import { eventually, Platform, root } from './platform.ts';
import { randomNumbers } from './rows.ts';

/* What comes in odd ways: many files at once, odd keys, a burst, what is overwritten or deleted. IAM checks are on. */

const platform = new Platform();
const random = randomNumbers(29);
const header = 'tag,height,leaves,soil,state';

function plants(n: number, from = 0): string[] {
  return Array.from({ length: n }, (_, i) => {
    const height = random() * 200;
    const state = height + random() * 40 > 110 ? 'well' : 'poor';
    return `plant-${from + i},${height.toFixed(2)},${Math.floor(random() * 300)},${i % 2 ? 'clay' : 'sand'},${state}`;
  });
}

const text = (lines: readonly string[]) => `${[header, ...lines].join('\n')}\n`;
let s3: S3Client;
let Bucket: string;

async function put(key: string, content: string | Uint8Array): Promise<string> {
  const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: content }));
  return VersionId ?? '';
}

async function objectOf(key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: key }));
  return (await Body?.transformToString()) ?? '';
}

async function versionsBelow(prefix: string) {
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: prefix }));
  return Versions;
}

/** The run of one version of an object, when it has ended. */
async function runOf(key: string, versionId: string): Promise<Run> {
  const { runId } = await eventually(`a run of ${key}`, 60, async () => {
    const { runs } = await platform.ask(runList, 'runs', 'list', '--limit', '1000');
    return runs.find(({ source }) => source?.key === key && source.versionId === versionId);
  });
  const { json } = await platform.cli('runs', 'watch', runId);
  return watched.parse(json).run;
}

const champion = async () =>
  (await platform.ask(versionList, 'models', 'list', 'plants')).live.champion?.version;

/** Writes a folder of files; gives its path. */
function folderOf(name: string, files: Record<string, string | Uint8Array>): string {
  const folder = join(platform.folder, name);
  mkdirSync(folder);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  return folder;
}

beforeAll(async () => {
  await platform.start({ bakeSeconds: 1, auth: true, models: 'batch-models' });
  s3 = new S3Client(platform.client);
  Bucket = await platform.output('DataBucket');
}, 420_000);
afterAll(() => platform.stop());

describe('an upload of many files', () => {
  const rows = plants(300);
  let run: Run;
  let checked: DatasetReport;
  let left: string | undefined;

  it('becomes one served version, by one run', async () => {
    const folder = folderOf('june', {
      '1.csv': text(rows.slice(0, 100)),
      '2.csv': text([...rows.slice(100, 150), 'plant-x,tall,1,clay,well', ...rows.slice(150, 220)]),
      '3.csv.gz': gzipSync(`\ufeff${text(rows.slice(220))}`),
      _SUCCESS: '',
    });
    const models = join(root, 'test/end-to-end/batch-models');
    const out = join(platform.folder, 'checked');
    const check = ['data', 'check', 'plants', folder, '--models', models, '--out', out];
    checked = datasetReport.parse((await platform.cli(...check)).json);
    const { json } = await platform.cli('upload', 'plants', folder, '--wait');
    run = uploaded.parse(json).run as Run;
    expect(run).toMatchObject({ status: 'promoted', version: 1 });
    expect(run.source?.key).toMatch(/^incoming\/plants\/[0-9a-f]{12}-june\.manifest\.json$/);
    const { runs } = await platform.ask(runList, 'runs', 'list');
    expect(runs).toHaveLength(1);
  }, 180_000);

  it('is the dataset that its rows in one file are, and tells a bad line by file and line', async () => {
    const manifest = datasetManifest.parse(
      JSON.parse(await objectOf(`datasets/plants/${run.datasetId}/manifest.json`)),
    );
    const lines = [...rows.slice(0, 150), 'plant-x,tall,1,clay,well', ...rows.slice(150)];
    expect(manifest.source.sha256).toBe(createHash('sha256').update(text(lines)).digest('hex'));
    expect(manifest.gatheredFrom).toHaveLength(4);
    expect((await platform.cli('runs', 'show', run.runId)).json).toMatchObject({
      judged: { rows: manifest.rows.test, heldOutRows: manifest.rows.test },
    });
    const report = datasetReport.parse(JSON.parse(await objectOf(manifest.files.report.key)));
    expect(report.problems).toMatchObject([{ file: '2.csv', line: 52, column: 'height' }]);
    expect(report.problems[0]?.message).toMatch(/^2\.csv line 52: height is "tall"/);
    const said = ({ rows: counted, checks, problems, beforeAndAfter }: DatasetReport) => ({
      counted,
      checks,
      problems,
      beforeAndAfter,
    });
    expect(said(checked)).toEqual(said(report));
  });

  it('is refused as a whole when files cannot be used, all of them named; the champion stays', async () => {
    const folder = folderOf('july', {
      '1.csv': text(plants(50)),
      '2.csv': Buffer.from([...Buffer.from(text(['a,1,1,sand,'])), 0xff, 0x0a]),
      '3.csv': text(['a,1,1,"sand,well']),
      '4.csv.gz': gzipSync(text(plants(500))).subarray(0, 200),
    });
    const answer = await platform.cli('upload', 'plants', folder, '--wait');
    expect(answer.code).toBe(5);
    const refused = uploaded.parse(answer.json).run;
    expect(refused?.status).toBe('rejected');
    expect(refused?.reason).toMatch(
      /^2\.csv line 3: .*; 3\.csv line 2: .*; 4\.csv\.gz: .*damaged or cut off/,
    );
    expect(await champion()).toBe(1);
  }, 120_000);

  it('loses the rows of a person in every file that they came from', async () => {
    const record = await platform.ask(
      erasureRecord,
      'data',
      'erase',
      'plants',
      '--subject',
      'plant-120',
      '--yes',
    );
    expect(record.state).toBe('done');
    expect(record.sources.map(({ key }) => key.replace(/^.*\//, '')).sort()).toEqual(
      expect.arrayContaining(['2.csv']),
    );
    for (const prefix of ['incoming/', 'rewritten/', 'datasets/']) {
      for (const { Key = '' } of await versionsBelow(prefix)) {
        if (/\.(csv|jsonl)$/.test(Key)) expect(await objectOf(Key)).not.toContain('plant-120,');
      }
    }
    [left] = record.sources.flatMap(({ replacedBy }) => replacedBy);
  }, 120_000);

  it('is destroyed with all the files that hold its rows', async () => {
    const said = await platform.cli('data', 'destroy', 'plants', left ?? '', '--why', 'over', '--yes');
    expect(said.code).toBe(0);
    for (const prefix of ['incoming/', 'rewritten/', 'datasets/']) {
      for (const { Key = '' } of await versionsBelow(prefix)) {
        if (/\.(csv|jsonl)$/.test(Key)) expect(await objectOf(Key)).not.toMatch(/plant-(60|140),/);
      }
    }
    expect(await versionsBelow('incoming/plants/')).not.toContainEqual(
      expect.objectContaining({ Key: expect.stringMatching(/june\.parts\/3\.csv\.gz$/) }),
    );
  }, 120_000);
});

describe('a key', () => {
  it.each([
    'a b+c.csv',
    'März 東京 🌿.csv',
    '100%25 & more=1.csv',
    `quote'"<script>.csv`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what it is called
    '${AWS_SECRET}{{x}}.csv',
    'below/../plants.csv',
    '../other/x.csv',
  ])(
    'that is odd names what is read: %s',
    async (name) => {
      const key = `incoming/plants/${name}`;
      const run = await runOf(key, await put(key, `${header}\nplant-1,${name.length},1,sand`));
      expect(run).toMatchObject({ status: 'rejected', source: { key } });
      expect(run.reason).toMatch(/^1 of 1 row \(100%\) cannot be used/);
    },
    60_000,
  );
});

describe('what is overwritten or deleted', () => {
  it('is read as it was when its run began, or fails with the reason, and the next upload works', async () => {
    const before = await champion();
    const key = 'incoming/plants/august.csv';
    const good = await put(key, text(plants(200, 1000)));
    const broken = await put(key, 'no table');
    expect((await runOf(key, good)).status).toMatch(/^(promoted|superseded)$/);
    expect((await runOf(key, broken)).status).toMatch(/^(rejected|superseded)$/);

    // A run of another upload is at work, so this one waits.
    const first = await put('incoming/plants/september.csv', text(plants(200, 2000)));
    await eventually('the first is at work', 60, async () => {
      const { runs } = await platform.ask(runList, 'runs', 'list');
      return runs.some(({ source, status }) => source?.versionId === first && status === 'running');
    });
    const gone = await put('incoming/plants/gone.csv', text(plants(200, 3000)));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'incoming/plants/gone.csv', VersionId: gone }));
    expect((await runOf('incoming/plants/september.csv', first)).status).toMatch(/^(promoted|rolled-back)$/);
    const failed = await runOf('incoming/plants/gone.csv', gone);
    expect(failed.status).toBe('failed');
    expect(failed.reason).toMatch(
      /upload-missing: version .* was deleted before it was read; upload it again/,
    );
    expect(await champion()).toBeGreaterThanOrEqual(before ?? 0);
  }, 240_000);
});

describe('five hundred uploads in a burst', () => {
  it('each get a run that ends, and the next good upload is served', async () => {
    const keys = Array.from({ length: 500 }, (_, i) => `incoming/plants/burst-${i}.csv`);
    for (let from = 0; from < keys.length; from += 50) {
      await Promise.all(keys.slice(from, from + 50).map((key) => put(key, `${header}\nplant-1,1,1,sand`)));
    }
    const burst = async () => {
      const { runs } = await platform.ask(runList, 'runs', 'list', '--limit', '1000');
      return runs.filter(({ source }) => source?.key.startsWith('incoming/plants/burst-'));
    };
    await eventually('each has a run', 400, async () => (await burst()).length === 500);
    const file = platform.file('next.csv', text(plants(250, 5000)));
    const next = await platform.ask(uploaded, 'upload', 'plants', file, '--wait');
    expect(next.run).toMatchObject({ status: 'promoted' });
    // An arrival that met too many others comes again when its message is shown again, after six minutes.
    const ended = await eventually('all runs of the burst end', 600, async () => {
      const runs = await burst();
      return runs.every(({ endedAt }) => endedAt !== null) && runs;
    });
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['rejected', 'superseded']));
    expect(await champion()).toBe(next.run?.version);
  }, 1_200_000);
});
