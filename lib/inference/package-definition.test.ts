import { describe, expect, it } from 'vitest';
import { deployModel } from '../model/deployed-model.ts';
import { flowers, trainedFlowers } from './fixtures/models.ts';
import { MemorySource } from './fixtures/packages.ts';
import { sealPackage } from './package.ts';
import { readPackageDefinition } from './package-definition.ts';

describe('readPackageDefinition', () => {
  it('gives the definition that the version was registered with', async () => {
    const source = new MemorySource();
    expect(await readPackageDefinition(source.add(1, trainedFlowers()), source.read)).toEqual(flowers);
  });

  it.each(['manifest.json', 'definition.json'])('refuses a damaged %s', async (file) => {
    const source = new MemorySource();
    const version = source.add(1, trainedFlowers());
    source.damage(version, file);
    await expect(readPackageDefinition(version, source.read)).rejects.toMatchObject({
      code: 'artifact-damaged',
    });
  });

  it('refuses a package that holds the definition of another model', async () => {
    const source = new MemorySource();
    const code = { key: 'c', digest: '0'.repeat(64), program: 'train.py' };
    const bytes = new TextEncoder().encode(JSON.stringify(deployModel(flowers, code)));
    const lineage = {
      runId: 'r',
      datasetId: 'd',
      datasetManifestKey: 'm',
      definitionDigest: '0'.repeat(64),
      codeDigest: '0'.repeat(64),
      trainingJobName: 'j',
      parentVersion: null,
    };
    const sealed = sealPackage('weeds', { 'definition.json': bytes }, lineage);
    source.objects.set(`${sealed.packagePrefix}manifest.json`, sealed.manifest);
    source.objects.set(`${sealed.packagePrefix}definition.json`, bytes);
    await expect(readPackageDefinition(sealed, source.read)).rejects.toThrow(
      /of weeds holds the definition of flowers/,
    );
  });
});
