import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { afterAll, describe, expect, it } from 'vitest';
import { datasetManifest } from '../../data/dataset.ts';
import { aSigningKey } from '../../registry/fixtures/signing.ts';
import { sha256 } from '../../shared/digest.ts';
import { exportDatasets } from './export-datasets.ts';
import { Deployment } from './fixtures/deployments.ts';
import { importTransfer } from './import-transfer.ts';
import type { TransferManifest } from './transfer-manifest.ts';

const folder = mkdtempSync(join(tmpdir(), 'evergreen-transfer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let places = 0;
const aPlace = (ending = '') => join(folder, `export-${places++}${ending}`);
const told = () => undefined;

/** A deployment with two datasets and a version of each, the second trained against the first. */
async function aSource(): Promise<{ source: Deployment; ids: [string, string] }> {
  const source = new Deployment('Evergreen-test');
  const first = await source.addDataset('may.csv', 60, '2026-11-22T10:00:00.000Z');
  const second = await source.addDataset('june.csv', 90);
  source.addVersion(first);
  source.addVersion(second, { parentVersion: 1 });
  return { source, ids: [first, second] };
}

const exporting = (source: Deployment, to: string, ids: string[] | null = null) =>
  exportDatasets(source.connection, {
    model: 'flowers',
    ids,
    to,
    who: 'ann',
    at: '2026-11-24T10:00:00.000Z',
    told,
  });

const importing = (target: Deployment, place: string, expected?: string) =>
  importTransfer(target.connection, place, { expected, who: 'ben', told });

async function anExport(ending = '') {
  const place = aPlace(ending);
  const { source, ids } = await aSource();
  return { place, source, ids, ...(await exporting(source, place)) };
}

/** Writes the manifest of an export anew. */
function editManifest(place: string, edit: (manifest: TransferManifest) => unknown): void {
  const path = join(place, 'manifest.json');
  const manifest: TransferManifest = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify(edit(manifest) ?? manifest));
}

describe('importTransfer', () => {
  it('unpacks no more of an archive than its manifest lists', async () => {
    const { place } = await anExport();
    const bomb = aPlace('.tar.gz');
    writeFileSync(join(place, 'zeros'), Buffer.alloc(40 << 20));
    await create({ file: bomb, cwd: place, gzip: true }, ['manifest.json', 'objects', 'zeros']);
    const target = new Deployment('Evergreen-prod');
    await expect(importing(target, bomb)).rejects.toMatchObject({
      code: 'archive-damaged',
      message: expect.stringMatching(/unpacks to more than the \d+ bytes that manifest\.json lists/),
    });
    expect(target.store.keys()).toEqual([]);
  });

  it.each(['', '.tar', '.tar.gz', '.tgz'])(
    'takes in what was exported%s, under the same ids',
    async (ending) => {
      const { place, digest, source, ids } = await anExport(ending);
      const target = new Deployment('Evergreen-prod');
      const imported = await importing(target, place, digest);
      expect(imported).toMatchObject({
        from: { stack: 'Evergreen-test', account: '111122223333', signedBy: source.key.hint },
        datasets: ids.map((datasetId) => ({ datasetId, isNew: true, hasUpload: true })),
        versions: [
          { from: 1, version: 1, isNew: true },
          { from: 2, version: 2, isNew: true },
        ],
      });
      for (const id of ids) {
        const key = `datasets/flowers/${id}/`;
        for (const name of source.store.keys(key).filter((each) => !each.endsWith('manifest.json'))) {
          expect(sha256(target.store.text(name))).toBe(sha256(source.store.text(name)));
        }
        const there = datasetManifest.parse(JSON.parse(source.store.text(`${key}manifest.json`)));
        const here = datasetManifest.parse(JSON.parse(target.store.text(`${key}manifest.json`)));
        expect(here).toMatchObject({
          files: there.files,
          rows: there.rows,
          importedFrom: { source: { key: there.source.key } },
        });
        // The upload starts no run where it lies, and is the very one.
        expect(here.source.key).toMatch(/^rewritten\/flowers\/imported-/);
        expect(sha256(target.store.text(here.source.key))).toBe(there.source.sha256);
      }
      expect(target.store.keys('incoming/')).toEqual([]);
    },
  );

  it('says where a version came from, with the parent it has here', async () => {
    const { place } = await anExport();
    const target = new Deployment('Evergreen-prod');
    target.addVersion('ds-of-its-own');
    const { versions } = await importing(target, place);
    expect(versions.map(({ from, version }) => [from, version])).toEqual([
      [1, 2],
      [2, 3],
    ]);
    expect(target.registered).toMatchObject([
      { author: 'ben', championVersion: null, importedFrom: { stack: 'Evergreen-test', version: 1 } },
      { author: 'ben', championVersion: 2, importedFrom: { stack: 'Evergreen-test', version: 2 } },
    ]);
  });

  it('does nothing twice', async () => {
    const { place } = await anExport('.tar.gz');
    const target = new Deployment('Evergreen-prod');
    await importing(target, place);
    const before = target.store.versions.length;
    const again = await importing(target, place);
    expect(again.datasets.map(({ isNew }) => isNew)).toEqual([false, false]);
    expect(again.versions.map(({ version, isNew }) => [version, isNew])).toEqual([
      [1, false],
      [2, false],
    ]);
    expect(target.store.versions).toHaveLength(before);
    expect(target.registered).toHaveLength(2);
  });

  it('goes on wherever it broke off', async () => {
    const { source, ids } = await aSource();
    const place = aPlace();
    await exporting(source, place, [ids[0]]);
    const whole = new Deployment('Evergreen-prod');
    await importing(whole, place);
    const keys = whole.store.keys().sort();
    for (let nth = 1; nth <= whole.store.versions.length; nth += 1) {
      const target = new Deployment('Evergreen-prod');
      target.store.failChange(nth);
      await expect(importing(target, place)).rejects.toThrow('died');
      // A dataset whose manifest is there has all its files.
      for (const key of target.store.keys('datasets/').filter((each) => each.endsWith('manifest.json'))) {
        const { files } = datasetManifest.parse(JSON.parse(target.store.text(key)));
        for (const file of Object.values(files)) if (file) expect(target.store.keys()).toContain(file.key);
      }
      await importing(target, place);
      expect(target.store.keys().sort()).toEqual(keys);
      expect(target.store.versions).toHaveLength(whole.store.versions.length);
      expect(target.registered).toHaveLength(1);
    }
  }, 120_000);

  it('says why a version was not registered, and registers it the next time', async () => {
    const { place } = await anExport();
    const target = new Deployment('Evergreen-prod');
    target.refusesToRegister = true;
    await expect(importing(target, place)).rejects.toMatchObject({
      code: 'import-failed',
      message: 'version 1 of flowers was not registered: kms:Sign was not answered',
    });
    target.refusesToRegister = false;
    expect((await importing(target, place)).versions).toHaveLength(2);
  });

  it('refuses a model that is not deployed', async () => {
    const { place } = await anExport();
    const target = new Deployment('Evergreen-prod');
    target.connection.outputs.Models = 'iris';
    await expect(importing(target, place)).rejects.toMatchObject({ code: 'model-unknown' });
  });

  it('refuses what was hashed by a key of another deployment', async () => {
    const { place } = await anExport();
    editManifest(place, (manifest) => ({ ...manifest, hashChecks: { may: 'a'.repeat(64) } }));
    const target = new Deployment('Evergreen-prod');
    await expect(importing(target, place)).rejects.toMatchObject({
      code: 'hash-key-differs',
      message: expect.stringMatching(
        /^features of flowers are hashed with the key may of another deployment/,
      ),
    });
    expect(target.store.versions).toEqual([]);
  });

  it('takes over what publishing had spent, and does not enter it twice', async () => {
    const { source, ids } = await aSource();
    const entry = { at: '2026-11-23T10:00:00.000Z', who: 'ann', thousandths: 400, what: 'profile' };
    const ledger = {
      schema: 'evergreen/epsilon-ledger/v1',
      model: 'flowers',
      datasetId: ids[0],
      inherited: 100,
      spent: [entry],
    };
    source.store.put(`ledgers/flowers/${ids[0]}.json`, JSON.stringify(ledger));
    const place = aPlace();
    await exporting(source, place);
    const target = new Deployment('Evergreen-prod');
    const own = { ...entry, who: 'ben' };
    target.store.put(
      `ledgers/flowers/${ids[0]}.json`,
      JSON.stringify({ ...ledger, inherited: 0, spent: [own] }),
    );
    await importing(target, place);
    await importing(target, place);
    expect(JSON.parse(target.store.text(`ledgers/flowers/${ids[0]}.json`))).toMatchObject({
      inherited: 100,
      spent: [own, entry],
    });
  });

  it('imports a dataset whose upload is not kept any more, and says so', async () => {
    const { source, ids } = await aSource();
    const at = source.store.versions.findIndex(({ key }) => key === 'incoming/flowers/may.csv');
    source.store.versions.splice(at, 1);
    const place = aPlace();
    await exporting(source, place);
    const { datasets } = await importing(new Deployment('Evergreen-prod'), place);
    expect(datasets).toMatchObject([
      { datasetId: ids[0], hasUpload: false },
      { datasetId: ids[1], hasUpload: true },
    ]);
  });

  it('brings nothing back that was destroyed here, or lost rows of a person here', async () => {
    const { place, ids } = await anExport();
    const target = new Deployment('Evergreen-prod');
    target.store.put(`certificates/flowers/${ids[0]}.json`, '{}');
    await expect(importing(target, place)).rejects.toMatchObject({
      code: 'dataset-destroyed',
      message: `dataset ${ids[0]} was destroyed here, as certificates/flowers/${ids[0]}.json says; export without it`,
    });
    const other = new Deployment('Evergreen-prod');
    const source = { key: 'incoming/a', versionId: '1', rows: 1, broken: 0, replacedBy: [] };
    const record = {
      schema: 'evergreen/erasure/v1',
      model: 'flowers',
      erasureId: 'e',
      state: 'done',
      at: '2026-11-24T10:00:00.000Z',
      who: 'ben',
      sources: [{ ...source, datasets: [ids[1]] }],
      predictions: [],
      versions: [],
      unreadable: [],
    };
    other.store.put('erasures/flowers/e/1-done.json', JSON.stringify(record));
    await expect(importing(other, place)).rejects.toThrow(/rows of a person were erased here from dataset/);
    expect(other.store.keys('datasets/')).toEqual([]);
  });
});

describe('an export that is not as it was written', () => {
  it('is refused whichever object was changed, which is named', async () => {
    const { place, manifest } = await anExport();
    const target = new Deployment('Evergreen-prod');
    for (const { sha256: digest, what } of manifest.objects) {
      const path = join(place, 'objects', digest);
      const good = readFileSync(path);
      const bad = Buffer.from(good);
      bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 1;
      writeFileSync(path, bad);
      const refused = importing(target, place);
      await expect(refused).rejects.toMatchObject({ code: 'archive-damaged' });
      await expect(refused).rejects.toThrow(`objects/${digest} (${what}) has the digest`);
      writeFileSync(path, good);
    }
    expect(target.store.versions).toEqual([]);
  });

  it('is refused when an object is cut off or missing', async () => {
    const { place, manifest } = await anExport();
    const {
      sha256: digest,
      bytes = 0,
      what,
    } = manifest.objects.find(({ what: key }) => key.endsWith('train.parquet')) ?? {};
    const path = join(place, 'objects', digest ?? '');
    truncateSync(path, bytes - 1);
    const target = new Deployment('Evergreen-prod');
    await expect(importing(target, place)).rejects.toThrow(
      `${what}) has ${bytes - 1} bytes instead of ${bytes}`,
    );
    rmSync(path);
    await expect(importing(target, place)).rejects.toThrow(`${what}) is missing`);
  });

  it.each(['.tar', '.tar.gz'])('is refused wherever the archive%s ends early', async (ending) => {
    const { place } = await anExport(ending);
    const whole = readFileSync(place);
    const target = new Deployment('Evergreen-prod');
    for (const share of [0, 0.001, 0.2, 0.5, 0.9]) {
      writeFileSync(place, whole.subarray(0, Math.floor(whole.length * share)));
      await expect(importing(target, place)).rejects.toMatchObject({
        code: 'archive-damaged',
        message: expect.stringMatching(/manifest\.json|objects\/[0-9a-f]{64} \(/),
      });
    }
    expect(target.store.versions).toEqual([]);
  });

  it('is refused when the archive holds what the manifest does not list', async () => {
    const { place } = await anExport();
    writeFileSync(join(place, 'more.txt'), 'more');
    const file = aPlace('.tar');
    const names = readdirSync(join(place, 'objects')).map((name) => `objects/${name}`);
    await create({ file, cwd: place }, ['manifest.json', ...names, 'more.txt']);
    const target = new Deployment('Evergreen-prod');
    await expect(importing(target, file)).rejects.toThrow(
      'more.txt is in the archive, and manifest.json does not',
    );
    const [first = ''] = names;
    truncateSync(join(place, first), 1);
    await create({ file, cwd: place }, ['manifest.json', ...names]);
    await expect(importing(target, file)).rejects.toThrow(`${first} has 1 bytes instead of`);
  });

  it('is refused when the manifest is not the one that was written', async () => {
    const { place, digest } = await anExport();
    editManifest(place, (manifest) => ({ ...manifest, exportedBy: 'mallory' }));
    const target = new Deployment('Evergreen-prod');
    await expect(importing(target, place, digest)).rejects.toThrow(
      `instead of ${digest}, which --sha256 names`,
    );
  });

  it.each<[string, string, (manifest: TransferManifest) => unknown]>([
    ['is no manifest', 'is not that of an export', () => ({ schema: 'other' })],
    [
      'gives a dataset another id',
      'what does not fit together',
      ({ datasets: [first] }) => {
        if (first) first.manifest.datasetId = 'ds-0000000000000000';
      },
    ],
    [
      'writes a file elsewhere',
      'what does not fit together',
      ({ datasets: [first] }) => {
        if (first) first.manifest.files.train.key = 'incoming/flowers/x.csv';
      },
    ],
    [
      'names a version of a dataset that is not in it',
      'what does not fit together',
      ({ versions: [first] }) => {
        if (first) first.version.lineage.datasetId = 'ds-0000000000000000';
      },
    ],
    [
      'does not list what it needs',
      'is not in the export',
      (manifest) => ({
        ...manifest,
        objects: manifest.objects.filter(({ what }) => what !== 'signing-key.der'),
      }),
    ],
  ])('is refused when its manifest %s', async (_, message, edit) => {
    const { place } = await anExport();
    editManifest(place, edit);
    const target = new Deployment('Evergreen-prod');
    const refused = importing(target, place);
    await expect(refused).rejects.toMatchObject({ code: 'archive-damaged' });
    await expect(refused).rejects.toThrow(message);
    expect(target.store.versions).toEqual([]);
  });

  it('is refused when there is none', async () => {
    const target = new Deployment('Evergreen-prod');
    await expect(importing(target, join(folder, 'none'))).rejects.toMatchObject({ code: 'file-unreadable' });
    const empty = aPlace('.tar');
    writeFileSync(empty, 'no archive');
    await expect(importing(target, empty)).rejects.toThrow('manifest.json is missing');
    writeFileSync(empty, Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
    await expect(importing(target, empty)).rejects.toThrow('cannot be unpacked');
  });
});

describe('a version of an export', () => {
  const attempt = async (changes: Parameters<Deployment['addVersion']>[1]) => {
    const source = new Deployment('Evergreen-test');
    source.addVersion(await source.addDataset('may.csv', 60), changes);
    const place = aPlace();
    await exporting(source, place);
    const target = new Deployment('Evergreen-prod');
    return { target, source, place, refused: importing(target, place) };
  };

  it('is refused when another key made its signature', async () => {
    const { refused, target } = await attempt({ signer: aSigningKey() });
    await expect(refused).rejects.toMatchObject({ code: 'signature-untrusted' });
    expect(target.store.versions).toEqual([]);
  });

  it('is refused when its model is another than the registry there said', async () => {
    const { refused } = await attempt({ model: new TextEncoder().encode('{"no": "model"}') });
    await expect(refused).rejects.toMatchObject({ code: 'artifact-damaged' });
  });

  it('is refused when its model is none that is admitted', async () => {
    const source = new Deployment('Evergreen-test');
    const pickle = Buffer.from([0x80, 4, 0x95, 1, 2, 3]);
    source.addVersion(await source.addDataset('may.csv', 60), { model: pickle });
    const [version] = source.versions;
    if (version) version.modelDigest = sha256(pickle);
    const place = aPlace();
    await exporting(source, place);
    const target = new Deployment('Evergreen-prod');
    await expect(importing(target, place)).rejects.toMatchObject({ code: 'model-inadmissible' });
    expect(target.store.versions).toEqual([]);
  });
});

describe('exportDatasets', () => {
  it('writes what was named with what it was made from, and the versions of those alone', async () => {
    const { source, ids } = await aSource();
    const key = `datasets/flowers/${ids[1]}/manifest.json`;
    const manifest = JSON.parse(source.store.text(key));
    source.store.put(
      key,
      JSON.stringify({ ...manifest, parents: [{ datasetId: ids[0], because: 'erasure' }] }),
    );
    const child = await exporting(source, aPlace(), [ids[1]]);
    expect(child.manifest.datasets.map((each) => each.manifest.datasetId)).toEqual(ids);
    const parent = await exporting(source, aPlace(), [ids[0]]);
    expect(parent.manifest.datasets.map((each) => each.manifest.datasetId)).toEqual([ids[0]]);
    expect(parent.manifest.versions.map(({ version }) => version.version)).toEqual([1]);
  });

  it('writes nothing where something is, and nothing of what is damaged', async () => {
    const { source, ids } = await aSource();
    const full = aPlace();
    cpSync(import.meta.dirname, full, { recursive: true });
    await expect(exporting(source, full)).rejects.toMatchObject({ code: 'usage-invalid' });
    await expect(exporting(source, aPlace(), ['ds-0'])).rejects.toMatchObject({ code: 'dataset-unknown' });
    const [version] = source.versions;
    source.store.put(`${version?.packagePrefix}model.onnx`, 'another');
    const place = aPlace('.tar');
    await expect(exporting(source, place)).rejects.toMatchObject({ code: 'artifact-damaged' });
    const upload = source.store.versions.find(({ key }) => key === 'incoming/flowers/may.csv');
    if (upload) upload.content = Buffer.from('other rows');
    await expect(exporting(source, place, [ids[0]])).rejects.toThrow(
      /is not the upload that its dataset was made/,
    );
    expect(readdirSync(folder).filter((name) => place.endsWith(name))).toEqual([]);
  });
});
