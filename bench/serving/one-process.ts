import { exportedModels } from '../../lib/inference/export.ts';
import { mebibyte, memoryBudgetOf } from '../../lib/inference/memory-budget.ts';
import { Serving } from '../../lib/inference/serving.ts';
import { folderReader } from '../../lib/server/export-folder.ts';

/*
 * Many models in one process as the function has them, without a network: `node one-process.ts <export> <MiB>`. It asks
 * each model once, then at random, and prints one JSON line.
 */

const [folder = '', memoryMib = '1769'] = process.argv.slice(2);
const source = await exportedModels(folderReader(folder));
const names = source.modelNames ?? [];
const serving = new Serving({
  source,
  report: () => undefined,
  serverVersion: 'bench',
  memoryBudgetBytes: memoryBudgetOf(Number(memoryMib) * mebibyte),
  liveCacheMs: 3_600_000,
});
const row = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
const body = Buffer.from(JSON.stringify({ rows: [row] }));

async function ask(model: string): Promise<number> {
  const began = performance.now();
  const { status } = await serving.handle({
    method: 'POST',
    path: `/models/${model}/predict`,
    headers: { 'content-type': 'application/json' },
    body,
    traceId: '0'.repeat(32),
  });
  if (status !== 200) throw new Error(`${model} answers ${status}`);
  return performance.now() - began;
}

const began = performance.now();
for (const name of names) await ask(name);
const loadMs = performance.now() - began;
const taken: number[] = [];
for (let call = 0; call < 20_000; call += 1) {
  taken.push(await ask(names[Math.floor(Math.random() * names.length)] ?? ''));
}
taken.sort((a, b) => a - b);
const p99 = taken[Math.floor(taken.length * 0.99)];
process.stdout.write(`${JSON.stringify({ loadMs, p99, memoryMb: process.memoryUsage().rss / 1e6 })}\n`);
