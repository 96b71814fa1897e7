import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadModels } from './model-folders.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder of one model that asks for int8. */
function aFolder(algorithm: string, hasProgram = false): string {
  const root = mkdtempSync(join(tmpdir(), 'models-'));
  folders.push(root);
  const folder = join(root, 'wages');
  mkdirSync(folder);
  const definition = new URL('./definition.ts', import.meta.url).href;
  writeFileSync(
    join(folder, 'model.ts'),
    `import { defineModel } from '${definition}';
    export default defineModel({
      name: 'wages',
      task: 'classification',
      features: { age: { type: 'number' } },
      target: { name: 'class', type: 'category', categories: ['a', 'b'] },
      train: { algorithm: '${algorithm}' },
      serve: { quantise: 'int8' },
    });`,
  );
  if (hasProgram) writeFileSync(join(folder, 'train.py'), '');
  return root;
}

describe('loadModels', () => {
  it('refuses 8-bit weights of an algorithm that has no weights', async () => {
    await expect(loadModels(aFolder('random-forest'))).rejects.toMatchObject({
      code: 'definition-invalid',
      message: expect.stringMatching(/serve\.quantise: random-forest is made of trees.*use .*mlp/),
    });
  });

  it('lets those pass that have some, and programs of which nobody knows', async () => {
    expect(await loadModels(aFolder('mlp'))).toHaveLength(1);
    expect(await loadModels(aFolder('random-forest', true))).toMatchObject([
      { trainScript: expect.stringMatching(/train\.py$/) },
    ]);
  });
});
