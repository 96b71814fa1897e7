import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { ModelDefinitionInput } from '../../model/definition.ts';
import { definitionKey, deployModel } from '../../model/deployed-model.ts';
import { datasetReport } from '../dataset.ts';
import { memoryObjects } from '../fixtures/memory-objects.ts';
import { aDefinition, fruitHeader, fruitRows } from '../fixtures/validation.ts';
import { validateLargeUpload } from './validate-large-upload.ts';

const spark = {
  dataBucket: 'data',
  codeBucket: 'code',
  packageKey: 'p.zip',
  programKey: 'p.py',
  image: 'spark',
  rolePrefix: 'arn:aws:iam::1:role/r-',
  kmsKeyArn: 'arn:aws:kms:key',
  instanceType: 'ml.m5.4xlarge',
  volumeGib: 100,
  maxHours: 2,
  bytesPerInstance: 1000,
  mostInstances: 3,
  maxSourceBytes: 100_000,
  hashKeyArn: 'arn:aws:kms:eu-central-1:1:key/h',
};

interface Setting {
  changes?: Partial<ModelDefinitionInput>;
  key?: string;
  content?: string | Buffer;
  latest?: string;
  maxSourceBytes?: number;
  site?: typeof spark;
  examination?: { jobName: string; startedAt: string };
}

const content = [fruitHeader, ...fruitRows(60)].join('\n');
const folder = 'examinations/fruit/run-0123456789abcdef/';

function upload(setting: Setting = {}) {
  const store = memoryObjects();
  const definition = aDefinition(setting.changes);
  const code = { key: 'code.tar.gz', digest: 'c'.repeat(64), program: 'train.py' };
  const deployed = deployModel(definition, code);
  const key = setting.key ?? 'incoming/fruit/sub/u.csv';
  const bytes = Buffer.from(setting.content ?? content);
  store.put(definitionKey('fruit', deployed.digest), JSON.stringify(deployed));
  store.put(key, bytes);
  const VersionId = setting.latest ?? 'v1';
  const send = store.s3.send.bind(store.s3);
  // The store in memory knows no versions.
  store.s3.send = async (command: Parameters<typeof send>[0]) =>
    command instanceof HeadObjectCommand ? { ContentLength: bytes.length, VersionId } : send(command);
  const run = (examination?: Setting['examination']) =>
    validateLargeUpload(
      {
        runId: 'run-0123456789abcdef',
        model: 'fruit',
        definitionDigest: deployed.digest,
        source: { bucket: 'data', key, versionId: 'v1' },
        examination,
      },
      {
        s3: store.s3,
        bucket: 'data',
        maxSourceBytes: setting.maxSourceBytes ?? 100,
        readEarlier: async () => null,
        now: () => new Date('2026-11-23T10:00:00Z'),
        spark: setting.site ?? spark,
      },
    );
  return { run, store };
}

const examined = { jobName: 'evergreen-1', startedAt: '2026-11-23T09:12:00.000Z' };

describe('validateLargeUpload', () => {
  it('leaves a small file to others', async () => {
    expect(await upload({ maxSourceBytes: 10_000 }).run()).toBeNull();
  });

  it('asks for a job when a file is larger, and leaves what the job needs', async () => {
    const { run, store } = upload();
    const outcome = await run();
    expect(outcome).toMatchObject({
      verdict: 'examine',
      startedAt: '2026-11-23T10:00:00.000Z',
      jobTimeoutSeconds: 10_800,
      job: {
        ProcessingJobName: 'evergreen-0123456789abcdef',
        StoppingCondition: { MaxRuntimeInSeconds: 7200 },
      },
    });
    expect(JSON.parse(store.text(`${folder}upload.manifest`))).toEqual([
      { prefix: 's3://data/incoming/fruit/sub/' },
      'u.csv',
    ]);
    expect(JSON.parse(store.text(`${folder}plan.json`))).toMatchObject({
      schema: 'evergreen/spark-plan/v1',
      layout: ['c0', 'c1', 'c2', 'c3'],
      firstLine: 2,
    });
  });

  it.each<[string, Setting, RegExp]>([
    [
      'is larger than a job reads',
      { site: { ...spark, maxSourceBytes: 200 } },
      /bytes; at most 200 are read/,
    ],
    ['has another name', { key: 'incoming/fruit/u.xlsx' }, /the name u\.xlsx does not end as it should/],
    ['lacks a column', { content: 'weight,seeds\n'.repeat(20) }, /columns "colour", "kind" are missing/],
    ['was overwritten', { latest: 'v2' }, /a newer file took its place/],
  ])('refuses a large file that %s', async (_, setting, message) => {
    const { run, store } = upload(setting);
    const outcome = await run();
    expect(outcome).toMatchObject({ verdict: 'rejected', reasons: [expect.stringMatching(message)] });
    const key = outcome && 'reportKey' in outcome ? outcome.reportKey : '';
    expect(datasetReport.parse(JSON.parse(store.text(key))).rows.read).toBe(0);
  });

  it('tells what the job found unreadable', async () => {
    const { run, store } = upload();
    const source = { bytes: content.length, sha256: 'a'.repeat(64) };
    const unreadable = { line: 7, message: 'the text is not UTF-8; save the file as UTF-8' };
    store.put(
      `${folder}counted/facts.json`,
      JSON.stringify({ schema: 'evergreen/spark-facts/v1', source, unreadable }),
    );
    expect(await run(examined)).toMatchObject({
      verdict: 'rejected',
      reasons: [expect.stringMatching(/line 7.*not UTF-8/)],
    });
  });

  it.each([
    ['nothing', undefined, /facts\.json is not in bucket/],
    ['something else', '{"schema":"evergreen/spark-facts/v1"}', /is not the document it should be/],
  ])('fails when the job left %s', async (_, left, message) => {
    const { run, store } = upload();
    if (left !== undefined) store.put(`${folder}counted/facts.json`, left);
    await expect(run(examined)).rejects.toThrow(message);
  });
});
