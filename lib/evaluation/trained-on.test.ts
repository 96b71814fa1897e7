import { describe, expect, it } from 'vitest';
import { sealPackage } from '../inference/package.ts';
import { defineModel } from '../model/definition.ts';
import { datasetsBehind, keepsSides } from './trained-on.ts';

const digest = 'a'.repeat(64);

/** A package whose training began anew, or went on from another. */
function aPackage(files: Map<string, Uint8Array>, dataset: string, from?: { packageDigest: string }) {
  const training = {
    schema: 'evergreen/training/v1',
    algorithm: 'gradient-descent',
    hyperparameters: {},
    seed: 1,
    rows: 1,
    metrics: {},
    folds: [],
    durationSeconds: 1,
    libraries: {},
    ...(from ? { continuedFrom: { version: 1, packageDigest: from.packageDigest, mode: 'warm start' } } : {}),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(training));
  const sealed = sealPackage(
    'm',
    { 'training.json': bytes },
    {
      runId: 'r',
      datasetId: dataset,
      datasetManifestKey: `datasets/m/${dataset}/manifest.json`,
      definitionDigest: digest,
      codeDigest: digest,
      trainingJobName: 'job',
      parentVersion: null,
    },
  );
  files.set(`${sealed.packagePrefix}manifest.json`, sealed.manifest);
  files.set(`${sealed.packagePrefix}training.json`, bytes);
  return sealed;
}

describe('datasetsBehind', () => {
  const files = new Map<string, Uint8Array>();
  const reader = (some: Map<string, Uint8Array>) => async (key: string) => some.get(key) ?? new Uint8Array();
  const first = aPackage(files, 'ds-1');
  const second = aPackage(files, 'ds-2', first);

  it('follows a version back through those it went on from', async () => {
    expect(await datasetsBehind(second, reader(files))).toEqual([
      'datasets/m/ds-2/manifest.json',
      'datasets/m/ds-1/manifest.json',
    ]);
    expect(await datasetsBehind(undefined, reader(files))).toEqual([]);
  });

  it('believes only files with the digests of the package', async () => {
    const damaged = new Map(files).set(`${first.packagePrefix}training.json`, new TextEncoder().encode('{}'));
    await expect(datasetsBehind(second, reader(damaged))).rejects.toMatchObject({ code: 'artifact-damaged' });
  });
});

describe('keepsSides', () => {
  const split = (data: object, identity: string[] = []) =>
    defineModel({
      name: 'm',
      task: 'regression',
      features: { x: { type: 'number' } },
      target: { name: 'y', type: 'number' },
      identity,
      data,
      train: {},
    });

  it('trusts a hash of the same columns with the same share, and no seed', () => {
    expect(keepsSides(split({}), split({ minRows: 30 }))).toBe(true);
    expect(keepsSides(split({}), split({ split: { method: 'hash', testShare: 0.3 } }))).toBe(false);
    expect(keepsSides(split({}), split({}, ['x']))).toBe(false);
    const seeded = split({ split: { method: 'seeded', seed: 42 } });
    expect(keepsSides(seeded, seeded)).toBe(false);
  });
});
