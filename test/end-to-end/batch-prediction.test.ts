import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DescribeMapRunCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListMapRunsCommand,
  SFNClient,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { batchSummary } from '../../lib/inference/batch/batch.ts';
import { uploaded } from './documents.ts';
import { eventually, Platform, root } from './platform.ts';
import { csv, jsonLines, parquetOf, randomNumbers } from './rows.ts';

/* Whole files through the command, with IAM checks on. The tests tell one story and run in order. */

const platform = new Platform();

interface Plant {
  tag: string;
  height: number;
  leaves: number;
  soil: string | null;
}

function plants(count: number, seed: number): Plant[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, (_, i) => ({
    tag: `p${seed}-${i}`,
    height: Number((random() * 300).toFixed(4)),
    leaves: Math.floor(random() * 500),
    soil: random() < 0.1 ? null : random() < 0.5 ? 'clay' : 'sand',
  }));
}

const lineOf = ({ tag, height, leaves, soil }: Plant) => `${tag},${height},${leaves},${soil ?? ''}`;
const file = (name: string, lines: string[]) => platform.file(name, csv('tag,height,leaves,soil', lines));

/** What the command says of a batch that was answered. */
const answer = batchSummary.extend({
  status: z.literal('answered'),
  isNew: z.boolean(),
  output: z.string(),
});
const askFor = (path: string, ...options: string[]) =>
  platform.ask(answer, 'predict', 'plants', '--file', path, '--batch', ...options);

const resultRow = z.object({
  row: z.number(),
  tag: z.string().nullable(),
  prediction_id: z.string().nullable(),
  label: z.string().nullable(),
  poor: z.number().nullable(),
  well: z.number().nullable(),
  error: z.string().nullable(),
});

async function readResult(path: string) {
  const connection = await (await DuckDBInstance.create()).connect();
  const read = await connection.runAndReadAll(
    `SELECT row::INTEGER AS row, tag, prediction_id, label, scores['poor'] AS poor, scores['well'] AS well, error FROM '${path}'`,
  );
  connection.closeSync();
  return z.array(resultRow).parse(read.getRowObjectsJS());
}

async function executions() {
  const { executions: found = [] } = await sfn().send(
    new ListExecutionsCommand({ stateMachineArn: await platform.output('BatchArn') }),
  );
  return found;
}

const sfn = () => new SFNClient(platform.client);

/** Begins a batch without waiting for it. */
async function begin(path: string): Promise<{ batchId: string; executionArn: string }> {
  const begun = z.object({ status: z.literal('running'), batchId: z.string() });
  const { batchId } = await platform.ask(begun, 'predict', 'plants', '--file', path, '--no-wait');
  const { executionArn = '' } = await eventually('it runs', 20, async () =>
    (await executions()).find(({ name }) => name === `plants-${batchId}-1`),
  );
  return { batchId, executionArn };
}

async function mapRun(executionArn: string): Promise<string | undefined> {
  const { mapRuns: [run] = [] } = await sfn().send(new ListMapRunsCommand({ executionArn }));
  return run?.mapRunArn;
}

/** What has become of the parts so far. */
async function counts(executionArn: string) {
  const mapRunArn = await mapRun(executionArn);
  if (mapRunArn === undefined) return undefined;
  return (await sfn().send(new DescribeMapRunCommand({ mapRunArn }))).itemCounts;
}

/** Ids of this engine's processes that answer parts. */
function partProcesses(): number[] | undefined {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return command.includes(platform.home) && command.includes('BatchPredictPart');
      } catch {
        // It ended meanwhile.
        return false;
      }
    });
  return found.length === 0 ? undefined : found.map(Number);
}

/** Every version of every object of a batch. */
async function objectVersions(batchId: string): Promise<string[]> {
  const { Versions = [] } = await new S3Client(platform.client).send(
    new ListObjectVersionsCommand({
      Bucket: await platform.output('DataBucket'),
      Prefix: `batches/plants/${batchId}/`,
    }),
  );
  return Versions.map(({ Key, VersionId }) => `${Key} ${VersionId}`).sort();
}

async function remove(key: string): Promise<void> {
  await new S3Client(platform.client).send(
    new DeleteObjectCommand({ Bucket: await platform.output('DataBucket'), Key: key }),
  );
}

/** Three parts: two whole ones and a rest. Every thousandth row does not fit, each for a reason of its own. */
const all = plants(25_000, 1);
const faults = [
  (plant: Plant) => lineOf({ ...plant, height: 301 }),
  ({ tag, height, soil }: Plant) => `${tag},${height},many,${soil ?? ''}`,
  (plant: Plant) => lineOf({ ...plant, soil: 'peat' }),
  ({ tag, height, soil }: Plant) => `${tag},${height},,${soil ?? ''}`,
  ({ tag }: Plant) => `${tag},1`,
];
const isBad = (row: number) => row % 1000 === 7;
const lines = all.map((plant, row) =>
  isBad(row) ? (faults[Math.floor(row / 1000) % faults.length]?.(plant) ?? '') : lineOf(plant),
);

let path: string;
let first: z.infer<typeof answer>;

beforeAll(async () => {
  await platform.start({ bakeSeconds: 1, auth: true, models: 'batch-models' });
  const rows = plants(400, 2).map(
    (plant) => `${lineOf(plant)},${plant.height > (plant.soil === 'clay' ? 100 : 180) ? 'well' : 'poor'}`,
  );
  const training = platform.file('training.csv', csv('tag,height,leaves,soil,state', rows));
  const { run } = await platform.ask(uploaded, 'upload', 'plants', training, '--wait');
  expect(run, run?.reason).toMatchObject({ status: 'promoted', version: 1 });
  path = file('plants.csv', lines);
}, 400_000);
afterAll(() => platform.stop());

describe('a file of rows', () => {
  it('is answered row by row, beside the file, and says of each bad row what is wrong', async () => {
    first = await askFor(path);
    expect(first).toMatchObject({
      isNew: true,
      model: 'plants',
      version: 1,
      rows: 25_000,
      answered: 24_975,
      refused: 25,
      parts: 3,
      reusedParts: 0,
      output: path.replace('.csv', '.predictions.parquet'),
    });
    expect(first.refusedFirst.slice(0, 5)).toEqual([
      { row: 7, error: 'line 9: height is "301"; a number from 0 to 300 is needed' },
      {
        row: 1007,
        error:
          'line 1009: leaves is "many"; a whole number between -9007199254740991 and 9007199254740991 is needed',
      },
      { row: 2007, error: 'line 2009: soil is "peat"; one of clay, sand is needed' },
      { row: 3007, error: 'line 3009: leaves is missing' },
      { row: 4007, error: expect.stringMatching(/^line 4009: the row has 2 cells/) },
    ]);
    const found = await readResult(first.output);
    expect(found.map(({ row }) => row)).toEqual(all.map((_, row) => row));
    for (const { row, tag, prediction_id, error } of found) {
      expect(prediction_id).toBe(isBad(row) ? null : `${first.batchId}-${row}`);
      expect(error === null).toBe(!isBad(row));
      // A row that could not be cut into cells has no tag.
      if (row % 5000 !== 4007) expect(tag).toBe(all[row]?.tag);
    }
  });

  it('has the answers of the HTTPS route, to the last bit', async () => {
    const found = await readResult(first.output);
    const reply = z.object({
      version: z.literal(1),
      predictions: z.array(z.object({ label: z.string(), scores: z.record(z.string(), z.number()) })),
    });
    let compared = 0;
    for (let from = 0; from < 25_000; from += 2500) {
      const rows = Array.from({ length: 500 }, (_, place) => from + place).filter((row) => !isBad(row));
      const given = rows.map((row) => {
        const { tag: _, ...features } = all[row] ?? {};
        return features;
      });
      const { body } = await platform.http('POST', '/models/plants/predict', { rows: given });
      const { predictions } = reply.parse(body);
      expect(
        rows.map((row) => ({
          label: found[row]?.label,
          scores: { poor: found[row]?.poor, well: found[row]?.well },
        })),
      ).toEqual(predictions);
      compared += predictions.length;
    }
    expect(compared).toBe(4995);
  });

  it('is not computed twice: the same command fetches what is there', async () => {
    const before = await objectVersions(first.batchId);
    const again = await askFor(path, '--output', join(platform.folder, 'again.parquet'));
    expect(again).toMatchObject({ isNew: false, batchId: first.batchId, result: first.result });
    expect(await objectVersions(first.batchId)).toEqual(before);
    expect(await executions()).toHaveLength(1);
    expect(await readResult(again.output)).toEqual(await readResult(first.output));
  });

  it('is made whole again when a part and the result are lost, from the parts that are left', async () => {
    await remove(first.result.key);
    await remove(`batches/plants/${first.batchId}/parts/00001.parquet`);
    const mended = await askFor(path);
    expect(mended).toMatchObject({ isNew: true, reusedParts: 2, refused: 25 });
    expect(mended.result).toEqual(first.result);
  });

  it('gives the same answers as Parquet, and as JSON lines, without the command being told of a batch', async () => {
    const good = file(
      'good.csv',
      all
        .slice(0, 600)
        .filter((_, row) => !isBad(row))
        .map(lineOf),
    );
    const { output } = await askFor(good);
    const expected = (await readResult(output)).map(({ prediction_id: _, ...rest }) => rest);
    const parquet = await platform.ask(answer, 'predict', 'plants', '--file', await parquetOf(good));
    const json = platform.file(
      'good.jsonl',
      jsonLines(
        csv(
          'tag,height,leaves,soil',
          all
            .slice(0, 600)
            .filter((_, row) => !isBad(row))
            .map(lineOf),
        ),
      ),
    );
    const jsonl = await askFor(json);
    for (const other of [parquet, jsonl]) {
      expect((await readResult(other.output)).map(({ prediction_id: _, ...rest }) => rest)).toEqual(expected);
      expect(other.batchId).not.toBe(first.batchId);
    }
  });
});

describe('an execution that ends before its time', () => {
  it('is gone on with by the same command', async () => {
    // Enough parts that the last is far away when the first is seen.
    const many = file('many.csv', plants(300_000, 3).map(lineOf));
    const { batchId, executionArn } = await begin(many);
    await eventually(
      'a part is answered',
      60,
      async () => ((await counts(executionArn))?.succeeded ?? 0) > 0,
    );
    await sfn().send(new StopExecutionCommand({ executionArn }));
    const resumed = await askFor(many);
    expect(resumed).toMatchObject({ isNew: true, batchId, rows: 300_000, parts: 30, refused: 0 });
    expect(resumed.reusedParts).toBeGreaterThan(0);
    expect(resumed.reusedParts).toBeLessThan(30);
  });

  it('does not end when the process of a part is killed: the part is tried again', async () => {
    const killed = file('killed.csv', plants(80_000, 6).map(lineOf));
    const { executionArn } = await begin(killed);
    const pids = await eventually(
      'a part is being answered',
      60,
      async () => ((await counts(executionArn))?.running ?? 0) > 0 && partProcesses(),
    );
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    const done = await askFor(killed);
    const { executions: children = [] } = await sfn().send(
      new ListExecutionsCommand({ mapRunArn: (await mapRun(executionArn)) ?? '' }),
    );
    const failures: (string | undefined)[] = [];
    for (const child of children) {
      const { events = [] } = await sfn().send(
        new GetExecutionHistoryCommand({ executionArn: child.executionArn }),
      );
      failures.push(
        ...events.flatMap(({ taskFailedEventDetails: failed }) => (failed ? [failed.error] : [])),
      );
    }
    expect(new Set(failures)).toEqual(new Set(['Runtime.ExitError']));
    expect(done).toMatchObject({ rows: 80_000, refused: 0, parts: 8 });
    expect((await executions()).filter(({ executionArn: arn }) => arn === executionArn)).toHaveLength(1);
  });

  it('fails with the reason of its part, and is mended when the reason is gone', async () => {
    const damaged = file('damaged.csv', plants(30_000, 4).map(lineOf));
    const { batchId, result } = await askFor(damaged);
    await remove(`batches/plants/${batchId}/result/summary.json`);
    await remove(`batches/plants/${batchId}/parts/00002.parquet`);
    const s3 = new S3Client(platform.client);
    const rows = {
      Bucket: await platform.output('DataBucket'),
      Key: `batches/plants/${batchId}/rows/00002.parquet`,
    };
    const { ContentLength = 0 } = await s3.send(new HeadObjectCommand(rows));
    await s3.send(new PutObjectCommand({ ...rows, Body: Buffer.alloc(ContentLength) }));
    const failed = await platform.cli('predict', 'plants', '--file', damaged, '--batch');
    expect(failed).toMatchObject({
      code: 1,
      json: {
        error: {
          code: 'batch-failed',
          message: expect.stringMatching(/failed: artifact-damaged: .*rows\/00002\.parquet has the digest/),
        },
      },
    });
    // The plan sees that a part is gone, and is made anew.
    await remove(rows.Key);
    expect(await askFor(damaged)).toMatchObject({ reusedParts: 2, rows: 30_000, result });
  });

  it('goes on without the command: Ctrl-C leaves it running and says how to come back', async () => {
    const large = file('large.csv', plants(40_000, 5).map(lineOf));
    const child = spawn(
      process.execPath,
      [join(root, 'bin', 'cli.ts'), 'predict', 'plants', '--batch', '--file', large],
      {
        cwd: root,
        env: { ...process.env, EVERGREEN_HOME: platform.home, EVERGREEN_TARGET: 'local' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let [printed, progress] = ['', ''];
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    child.stderr.on('data', (chunk) => {
      progress += chunk;
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await eventually('it begins', 30, async () => progress.includes('begins'));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(printed).toContain(
      `the batch goes on. See how far it is, and fetch the result:\n  npx evergreen predict plants --file ${large} --version 1\n`,
    );
    expect(await askFor(large)).toMatchObject({ rows: 40_000, refused: 0 });
  });
});

describe('a file that is refused', () => {
  it.each([
    [
      'lacks a column',
      'lacking.csv',
      csv('tag,height', ['a,1']),
      /column "leaves" is missing; the file has "tag", "height"/,
    ],
    ['has no rows', 'empty.csv', csv('tag,height,leaves,soil', []), /the file has no rows/],
    ['is no table', 'array.jsonl', '[{"height":1}]\n', /the file is a JSON array/],
  ])('%s: the command says so', async (_, name, content, reason) => {
    const refused = await platform.cli(
      'predict',
      'plants',
      '--file',
      platform.file(name, content),
      '--batch',
    );
    expect(refused).toMatchObject({
      code: 2,
      json: { error: { code: 'batch-refused', message: expect.stringMatching(reason) } },
    });
  });

  it.each([
    ['an unknown model', ['predict', 'tulips', '--batch'], 3, 'model-unknown'],
    ['an unknown version', ['predict', 'plants', '--version', '9'], 3, 'version-unknown'],
  ])('for %s', async (_, args, code, error) => {
    const refused = await platform.cli(...args, '--file', path);
    expect(refused).toMatchObject({ code, json: { error: { code: error } } });
  });

  it('by its name', async () => {
    const refused = await platform.cli(
      'predict',
      'plants',
      '--batch',
      '--file',
      platform.file('rows.txt', 'x'),
    );
    expect(refused).toMatchObject({ code: 2, json: { error: { code: 'usage-invalid' } } });
  });
});
