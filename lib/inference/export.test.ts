import { describe, expect, it } from 'vitest';
import { aSigningKey } from '../registry/fixtures/signing.ts';
import { EvergreenError } from '../shared/errors.ts';
import { exportedModels, exportVersion, indexFile, liveFile } from './export.ts';
import { explainedFlowers, trainedPrices } from './fixtures/models.ts';
import { MemorySource } from './fixtures/packages.ts';

const at = '2026-11-24T00:00:00.000Z';

function anExport() {
  const source = new MemorySource();
  const files = new Map<string, Uint8Array>();
  const parts = {
    read: source.read,
    signingKey: source.key.der,
    write: async (key: string, bytes: Uint8Array) => void files.set(key, bytes),
    readIndex: async () => files.get(indexFile),
  };
  const read = async (key: string) => {
    const bytes = files.get(key);
    if (bytes) return bytes;
    throw new EvergreenError('artifact-missing', `no ${key}`);
  };
  return { source, files, parts, read };
}

describe('exportVersion', () => {
  it('writes what another machine serves the version from, explanation included', async () => {
    const { source, parts, read } = anExport();
    const version = source.add(3, explainedFlowers());
    expect(await exportVersion(parts, 'flowers', version, at)).toBe(5);
    const models = await exportedModels(read);
    expect(models.modelNames).toEqual(['flowers']);
    expect((await models.readLive('flowers'))?.champion).toEqual(version);
    const { golden, session, readExplanation } = await models.open(version);
    expect(await session.predict(golden.rows.slice(0, 1))).toHaveLength(1);
    expect((await readExplanation())?.schema).toBe('evergreen/explanation/v1');
  });

  it('leaves other models of the export, and says last what is live', async () => {
    const { source, files, parts, read } = anExport();
    await exportVersion(parts, 'prices', source.add(1, trainedPrices()), at);
    await exportVersion(parts, 'flowers', source.add(1, explainedFlowers()), at);
    expect((await exportedModels(read)).modelNames).toEqual(['flowers', 'prices']);
    expect([...files.keys()].slice(-1)).toEqual([liveFile('flowers')]);
  });

  it('exports nothing that was tampered with', async () => {
    const { source, files, parts } = anExport();
    const version = source.add(1, explainedFlowers());
    source.damage(version, 'explanation.json');
    await expect(exportVersion(parts, 'flowers', version, at)).rejects.toMatchObject({
      code: 'artifact-damaged',
    });
    expect([...files.keys()]).not.toContain(liveFile('flowers'));
  });
});

describe('exportedModels', () => {
  it('refuses what was signed by another key than the one that is trusted', async () => {
    const { source, parts, read } = anExport();
    const version = source.add(1, explainedFlowers());
    await exportVersion(parts, 'flowers', version, at);
    const models = await exportedModels(read, aSigningKey().der);
    await expect(models.open(version)).rejects.toMatchObject({ code: 'signature-untrusted' });
  });

  it('says when there is no export', async () => {
    const { read } = anExport();
    await expect(exportedModels(read)).rejects.toMatchObject({ code: 'artifact-missing' });
  });
});
