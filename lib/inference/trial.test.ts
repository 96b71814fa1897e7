import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../shared/digest.ts';
import { fragile, fragileModel, trainedFlowers } from './fixtures/models.ts';
import { type Bytes, float, initializer, input, model, node, output } from './fixtures/onnx-writer.ts';
import type { SessionRequest } from './session.ts';
import { tryModel } from './trial.ts';

const worker = fileURLToPath(new URL('../../lambdas/evaluate-candidate/trial-worker.ts', import.meta.url));

/** A model whose answer needs a square matrix of the given side, multiplied with itself some times. */
function greedy(side: number, products: number): SessionRequest {
  const nodes: Bytes[] = [node('ReduceSum', ['numbers'], ['sum']), node('Expand', ['sum', 'size'], ['m0'])];
  for (let i = 0; i < products; i++) nodes.push(node('MatMul', [`m${i}`, 'm0'], [`m${i + 1}`]));
  nodes.push(node('ReduceMax', [`m${products}`], ['max']), node('Mul', ['max', 'numbers'], ['value']));
  const file = model([
    ...nodes,
    initializer('size', [2], [side, side]),
    input('numbers', float, ['n', 1]),
    output('value', float, ['n', 1]),
  ]);
  const golden = { ...fragileModel().golden, rows: [{ x: 0 }], values: [0] };
  return { definition: fragile, model: file, modelDigest: sha256(file), golden };
}

describe('tryModel', { timeout: 20_000 }, () => {
  it('lets a sound model pass', async () => {
    await tryModel(trainedFlowers(), worker);
    await tryModel(greedy(10, 2), worker);
  });

  it('says why a model is refused', async () => {
    const request = fragileModel();
    const rows = [{ x: -1 }, { x: 1 }];
    await expect(tryModel({ ...request, golden: { ...request.golden, rows } }, worker)).rejects.toMatchObject(
      {
        code: 'golden-mismatch',
        message: expect.stringContaining('NaN'),
      },
    );
  });

  it('ends a model that takes too long', async () => {
    const began = performance.now();
    await expect(
      tryModel(greedy(1500, 400), worker, { deadlineMs: 1000, memoryBytes: 1024 ** 3 }),
    ).rejects.toMatchObject({
      code: 'model-inadmissible',
      message: expect.stringContaining('longer than 1000 ms'),
    });
    expect(performance.now() - began).toBeLessThan(8000);
  });

  it('ends a model that takes too much memory', async () => {
    await expect(
      tryModel(greedy(20_000, 1), worker, { deadlineMs: 20_000, memoryBytes: 400 * 1024 ** 2 }),
    ).rejects.toMatchObject({ code: 'model-inadmissible', message: expect.stringContaining('400 MiB') });
  });

  it('refuses a model that asks for more memory than there is', async () => {
    await expect(tryModel(greedy(2_000_000, 1), worker)).rejects.toThrow(
      /cannot answer|ended the process|MiB/,
    );
  });

  it('does not blame the model when the trial cannot be held', async () => {
    await expect(tryModel(trainedFlowers(), '/nowhere/worker.js')).rejects.toMatchObject({
      code: 'internal',
    });
  });
});
