import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { datasetReport } from '../../lib/data/dataset.ts';
import { validateLargeUpload } from '../../lib/data/spark/validate-large-upload.ts';
import { packageRoot } from '../../lib/platform/package-root.ts';
import { tell, uploadedFile } from './uploaded-file.ts';

/*
 * One pass of a file through the gate as a large file takes it: the function plans, a job of Spark counts, started as the
 * state machine's request says, the function concludes. S3 is the disk and memory, as in gate.ts.
 *
 *     EVERGREEN_SPARK=<Python environment with PySpark> node bench/data/spark.ts <file> [<report.json>]
 */

const [file = ''] = process.argv.slice(2);
const spark = process.env.EVERGREEN_SPARK ?? join(packageRoot, '.evergreen', 'spark');
const { s3, documents, request, report } = await uploadedFile(file);
const tools = {
  s3,
  bucket: 'data',
  maxSourceBytes: 0,
  readEarlier: async () => null,
  now: () => new Date(),
  spark: {
    dataBucket: 'data',
    codeBucket: 'code',
    packageKey: 'package.zip',
    programKey: 'examine.py',
    image: 'none',
    rolePrefix: 'arn:aws:iam::1:role/r-',
    kmsKeyArn: 'arn:aws:kms:eu-central-1:1:key/k',
    hashKeyArn: 'arn:aws:kms:eu-central-1:1:key/h',
    instanceType: 'ml.m5.4xlarge',
    bytesPerInstance: 2 ** 40,
    mostInstances: 1,
    volumeGib: 100,
    maxHours: 2,
    maxSourceBytes: 2 ** 40,
  },
};
const asked = await validateLargeUpload(request, tools);
if (asked?.verdict !== 'examine') throw new Error(`no job is asked for: ${JSON.stringify(asked)}`);
// Beside the file, which is linked: it may be larger than what there is for temporary files.
const folder = await mkdtemp(join(dirname(file), 'evergreen-spark-'));
try {
  const prefix = `examinations/bench/${request.runId}/`;
  for (const name of ['plan', 'upload', 'output', 'package']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'plan', 'plan.json'), documents.get(`${prefix}plan.json`) ?? '');
  await link(file, join(folder, 'upload', 'rows.csv'));
  const archive = join(folder, 'package', tools.spark.packageKey);
  execFileSync('python3', ['-m', 'zipfile', '-c', archive, 'evergreen_spark'], {
    cwd: join(packageRoot, 'spark'),
  });
  const { ContainerEntrypoint: entry = [], ContainerArguments: more = [] } = asked.job.AppSpecification ?? {};
  const [, ...words] = [...entry, ...more].map((word) =>
    word
      .replace('/opt/ml/processing/program', join(packageRoot, 'spark'))
      .replace('/opt/ml/processing', folder),
  );
  const own = join(spark, 'bin');
  execFileSync(join(own, 'spark-submit'), words, {
    env: { ...process.env, SPARK_LOCAL_IP: '127.0.0.1', PYSPARK_PYTHON: join(own, 'python') },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  documents.set(`${prefix}counted/facts.json`, await readFile(join(folder, 'output', 'facts.json'), 'utf8'));
} finally {
  await rm(folder, { recursive: true, force: true });
}
const outcome = await validateLargeUpload(
  { ...request, examination: { jobName: 'bench', startedAt: asked.startedAt } },
  tools,
);
if (outcome?.verdict !== 'accepted') throw new Error(`the file was ${outcome?.verdict}`);
const written = report(outcome.datasetId);
await tell(written, datasetReport.parse(JSON.parse(written)).problemsByRule);
