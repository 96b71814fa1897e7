import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../shared/digest.ts';
import { defineModel, type ModelDefinitionInput } from './definition.ts';
import { definitionKey, deployedModel, deployModel } from './deployed-model.ts';
import { modelsFile, readDeployedModels } from './deployed-models.ts';

const input: ModelDefinitionInput = {
  name: 'iris',
  task: 'classification',
  features: { length: { type: 'number' }, width: { type: 'number' } },
  target: { name: 'species', type: 'category', categories: ['a', 'b'] },
  train: {},
};
const code = { key: 'code.tar.gz', digest: sha256('code'), program: 'train.py' };
const digest = (over: Partial<ModelDefinitionInput> = {}, how = code) =>
  deployModel(defineModel({ ...input, ...over }), how).digest;

describe('deployModel', () => {
  it('pins the definition and the code together', () => {
    const others = [
      digest({ description: 'new words' }),
      digest({ train: { hyperparameters: { C: 2 } } }),
      digest({}, { ...code, digest: sha256('other code') }),
      digest({}, { ...code, program: 'mine.py' }),
      digest({ features: { width: { type: 'number' }, length: { type: 'number' } } }),
    ];
    expect(new Set([digest(), ...others]).size).toBe(6);
  });

  it('is the same wherever the archive lies, and whether defaults are written or not', () => {
    expect(digest({}, { ...code, key: 'elsewhere.tar.gz' })).toBe(digest());
    expect(digest({ train: { seed: 42 } })).toBe(digest());
  });

  it('is kept under its digest', () => {
    expect(definitionKey('iris', 'abc')).toBe('definitions/iris/abc.json');
  });

  it('comes back from JSON as it was, features in their order', () => {
    const deployed = deployModel(defineModel(input), code);
    const read = deployedModel.parse(JSON.parse(JSON.stringify(deployed)));
    expect(read).toEqual(deployed);
    expect(Object.keys(read.definition.features)).toEqual(['length', 'width']);
  });
});

describe('readDeployedModels', () => {
  it('finds the models beside the code, by name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'evergreen-models-'));
    try {
      const models = [deployModel(defineModel(input), code)];
      writeFileSync(join(folder, modelsFile), JSON.stringify(models));
      expect([...readDeployedModels(folder)]).toEqual([['iris', models[0]]]);
      writeFileSync(join(folder, modelsFile), JSON.stringify([{ definition: {} }]));
      expect(() => readDeployedModels(folder)).toThrow(/name/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
