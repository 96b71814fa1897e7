import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { bundleFunctions } from '../../lib/platform/function-bundle.ts';
import { packageRoot } from '../../lib/platform/package-root.ts';
import { stages } from './synthesised.ts';

const run = promisify(execFile);

const sizeOf = (path: string): number =>
  statSync(path).isFile()
    ? statSync(path).size
    : readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);

const megabyte = 1_000_000;

/** What `cdk synth` would write for a stage, by a process of its own as the CDK starts it. */
async function synthesise(stage: string, outdir: string): Promise<{ seconds: number }> {
  const startedAt = performance.now();
  await run(process.execPath, ['bin/evergreen.ts'], {
    cwd: packageRoot,
    env: {
      ...process.env,
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify({ stage, checks: 'false', 'aws:cdk:enable-path-metadata': true }),
    },
  });
  return { seconds: (performance.now() - startedAt) / 1000 };
}

const manifest = z.object({
  files: z.record(z.string(), z.object({ displayName: z.string(), source: z.object({ path: z.string() }) })),
});

const assetsOf = (outdir: string) =>
  Object.entries(
    manifest.parse(JSON.parse(readFileSync(join(outdir, 'Evergreen.assets.json'), 'utf8'))).files,
  );

function assetNamed(outdir: string, name: string): string {
  const [, found] = assetsOf(outdir).find(([, { displayName }]) => displayName.includes(name)) ?? [];
  if (!found) throw new Error(`no asset ${name}`);
  return join(outdir, found.source.path);
}

describe('bundles', () => {
  const { folder, functions } = bundleFunctions();
  const bundles = Object.entries(functions);

  it('are one for each function, and one for each worker', () => {
    const names = bundles.map(([name]) => name);
    expect(names).toContain('predict/index.js');
    expect(names).toContain('evaluate-candidate/trial-worker.js');
    expect(names.filter((name) => name.endsWith('/index.js')).length).toBeGreaterThanOrEqual(17);
  });

  it.each(bundles)('%s holds nothing of the CDK, of tests or of machine code', (name, inputs) => {
    const foreign =
      /node_modules\/(aws-cdk-lib|constructs|cdk-nag|esbuild|vitest|onnxruntime-node|@duckdb)\//;
    expect(inputs.filter((input) => foreign.test(input) || input.includes('.construct.ts'))).toEqual([]);
    expect(inputs.filter((input) => /\.test\.ts$|\/fixtures\/|^lib\/(cli|local)\//.test(input))).toEqual([]);
    expect(readFileSync(join(folder, name), 'utf8').includes('aws-cdk-lib')).toBe(false);
  });

  it.each(bundles)('%s stays below a megabyte', (name) => {
    expect(sizeOf(join(folder, name))).toBeLessThan(megabyte);
  });
});

describe.each(stages)('assets of stage %s', (stage) => {
  const outdirs = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'evergreen-synth-')));
  const [first = '', second = ''] = outdirs;
  afterAll(() => {
    for (const outdir of outdirs) rmSync(outdir, { recursive: true, force: true });
  });

  it('are equal in two syntheses', async () => {
    await synthesise(stage, first);
    await synthesise(stage, second);
    expect(assetsOf(second).map(([hash]) => hash)).toEqual(assetsOf(first).map(([hash]) => hash));
    const template = (outdir: string) => readFileSync(join(outdir, 'Evergreen.template.json'), 'utf8');
    expect(template(second)).toBe(template(first));
  });

  it('let the predict function stay under 60 MB unpacked', () => {
    const bytes =
      sizeOf(assetNamed(first, 'Inference/Predict/Code')) +
      sizeOf(assetNamed(first, 'Layers/OnnxRuntime/Code'));
    expect(bytes).toBeGreaterThan(10 * megabyte);
    expect(bytes).toBeLessThan(60 * megabyte);
  });

  it('let every function stay under the 250 MB of Lambda', () => {
    const layers = ['OnnxRuntime', 'DuckDb'].map((name) => sizeOf(assetNamed(first, `Layers/${name}/Code`)));
    expect(layers.reduce((sum, bytes) => sum + bytes) + 2 * megabyte).toBeLessThan(250 * megabyte);
  });

  it('hold the library for one platform alone', () => {
    const cpus = readdirSync(
      join(
        assetNamed(first, 'Layers/OnnxRuntime/Code'),
        'nodejs/node_modules/onnxruntime-node/bin/napi-v6/linux',
      ),
    );
    expect(cpus).toEqual([stage === 'aws' ? 'arm64' : process.arch]);
  });
});
