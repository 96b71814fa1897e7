import { readFileSync } from 'node:fs';
import { datasetKey, datasetReport } from '../lib/data/dataset.ts';
import { memoryObjects } from '../lib/data/fixtures/memory-objects.ts';
import { validateDataset } from '../lib/data/validate-dataset.ts';
import { defineModel } from '../lib/model/definition.ts';
import { definitionKey, deployModel } from '../lib/model/deployed-model.ts';

/*
 * One pass of a file through the gate, as the function does it but for S3, which is memory here. Prints seconds, the
 * process's greatest memory beyond the file itself, and what was counted.
 *
 *     node bench/data-gate.ts <file>
 */

const [file = ''] = process.argv.slice(2);
const category = { type: 'category', categories: ['red', 'green', 'blue'] } as const;
const named = <Value>(letter: string, count: number, value: Value) =>
  Array.from({ length: count }, (_, i) => [`${letter}${i}`, value] as const);
const definition = defineModel({
  name: 'bench',
  task: 'classification',
  features: Object.fromEntries([
    ...named('n', 12, { type: 'number' as const, min: -10, max: 10 }),
    ...named('i', 4, { type: 'integer' as const, min: 0, max: 1000 }),
    ...named('c', 3, category),
  ]),
  target: { name: 'y', type: 'category', categories: ['yes', 'no'] },
  train: {},
});
const deployed = deployModel(definition, { key: 'code', digest: 'c'.repeat(64), program: 'train.py' });
const store = memoryObjects();
const key = 'incoming/bench/rows.csv';
store.put(definitionKey('bench', deployed.digest), JSON.stringify(deployed));
store.put(key, readFileSync(file));

const atRest = process.memoryUsage().rss;
const began = performance.now();
const { verdict, datasetId, rows } = await validateDataset(
  {
    runId: 'bench',
    model: 'bench',
    definitionDigest: deployed.digest,
    source: { bucket: 'data', key, versionId: 'v1' },
  },
  {
    s3: store.s3,
    bucket: 'data',
    maxSourceBytes: 2 ** 31,
    memoryLimit: '1GB',
    readEarlier: async () => null,
    now: () => new Date(),
  },
);
const seconds = (performance.now() - began) / 1000;
const report = datasetReport.parse(JSON.parse(store.text(datasetKey('bench', datasetId, 'report.json'))));
process.stdout.write(
  `${JSON.stringify({
    verdict,
    seconds,
    megabytes: (process.resourceUsage().maxRSS * 1024 - atRest) / 1e6,
    rows,
    problemsByRule: report.problemsByRule,
  })}\n`,
);
