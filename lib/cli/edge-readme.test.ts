import { describe, expect, it } from 'vitest';
import { compileRowReader } from '../inference/rows.ts';
import { defineModel } from '../model/definition.ts';
import { aVersion } from '../registry/fixtures/builders.ts';
import { edgeReadme, exampleRow } from './edge-readme.ts';

const definition = defineModel({
  name: 'iris',
  task: 'classification',
  features: {
    length: { type: 'number', min: 1, max: 2 },
    width: { type: 'number', max: -1 },
    petals: { type: 'integer', min: 2, max: 5 },
    wild: { type: 'boolean' },
    colour: { type: 'category', categories: ["l'azur", 'white'] },
    notes: { type: 'text' },
  },
  target: { name: 'species', type: 'category', categories: ['setosa', 'virginica'] },
  train: { algorithm: 'random-forest' },
});

describe('edgeReadme', () => {
  it('shows a row that the model takes', () => {
    const row = exampleRow(definition);
    expect(row).toMatchObject({ length: 1.5, width: -1, petals: 4 });
    expect(compileRowReader(definition)([row])).toEqual([row]);
  });

  it('has commands for a shell, and what the package is', () => {
    const version = aVersion(3);
    const page = edgeReadme({ version, definition, platform: 'linux-x64', signedBy: 'f'.repeat(64) });
    expect(page).toContain('# iris, version 3, for linux-x64');
    expect(page).toContain("l'\\''azur");
    for (const fact of [version.packageDigest, 'f'.repeat(64), 'Predicts species'])
      expect(page).toContain(fact);
    expect(page.split('\n').length).toBeLessThan(70);
  });
});
