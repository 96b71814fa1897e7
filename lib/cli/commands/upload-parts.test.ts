import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { versionedObjects } from '../../data/fixtures/versioned-objects.ts';
import { uploadManifest } from '../../data/parts/upload-manifest.ts';
import { sha256 } from '../../shared/digest.ts';
import type { Connection } from '../connection.ts';
import { namedFiles, partsOf, toldFiles, uploadParts } from './upload-parts.ts';

const root = mkdtempSync(join(tmpdir(), 'evergreen-upload-parts-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function folderOf(name: string, files: Record<string, string>): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  return folder;
}

const june = folderOf('june', { 'b.csv': 'x\n2\n', 'a.csv': 'x\n1\n', _SUCCESS: '', '.DS_Store': '' });
const files = [join(june, 'a.csv'), join(june, 'b.csv')];

describe('namedFiles', () => {
  it('takes the files of a folder in the order of their names, without what programs leave there', () => {
    expect(namedFiles([june])).toEqual({ files, together: 'june' });
    expect(namedFiles([`${june}/`]).together).toBe('june');
  });

  it('takes several files as they are named, and one as one', () => {
    expect(namedFiles(files.toReversed())).toEqual({ files: files.toReversed(), together: 'b' });
    expect(namedFiles([files[0] ?? ''])).toEqual({ files: [files[0]], together: null });
  });

  it('takes a pattern that the shell left as it is', () => {
    expect(namedFiles([join(june, '*.csv')])).toEqual({ files, together: 'a' });
    expect(namedFiles([join(june, 'a*.csv')])).toEqual({ files: [files[0]], together: null });
  });

  it('takes a file whose name looks like a pattern', () => {
    const odd = join(folderOf('odd', { 'a[1].csv': 'x' }), 'a[1].csv');
    expect(namedFiles([odd])).toEqual({ files: [odd], together: null });
  });

  it('takes a manifest, with its folder beside it', () => {
    const folder = folderOf('may.parts', { 'b.csv': 'x\n2\n', 'a.csv': 'x\n1\n', 'other.csv': 'x\n' });
    const path = join(root, 'may.manifest.json');
    const parts = [{ name: 'b.csv' }, { name: 'a.csv', sha256: sha256('x\n1\n') }];
    writeFileSync(path, JSON.stringify({ parts }));
    const named = namedFiles([path]);
    expect(named).toEqual({
      files: [join(folder, 'b.csv'), join(folder, 'a.csv')],
      together: 'may',
      manifest: parts,
    });
    expect(partsOf(named)).toEqual([
      { file: join(folder, 'b.csv'), name: 'b.csv' },
      { file: join(folder, 'a.csv'), name: 'a.csv', sha256: sha256('x\n1\n') },
    ]);
  });

  it.each([
    ['is not there', undefined, /cannot read/],
    ['is cut off', '{"parts": [', /is not JSON; write/],
    [
      'has keys of its own',
      '{"parts": [{"name": "a.csv", "key": "x"}]}',
      /does not fit \(.*key.*1 to 1000 files/,
    ],
    ['points elsewhere', '{"parts": [{"name": "../x.csv"}]}', /names \.\.\/x\.csv, which is not in/],
  ])('refuses a manifest that %s', (name, content, message) => {
    const path = join(root, `${name.replaceAll(' ', '-')}.manifest.json`);
    if (content !== undefined) writeFileSync(path, content);
    expect(() => namedFiles([path])).toThrow(
      expect.objectContaining({ code: 'file-unreadable', message: expect.stringMatching(message) }),
    );
  });

  it.each([
    ['a pattern of nothing', [join(root, 'no-*.csv')], 'file-unreadable', /no file is named like/],
    ['an empty folder', [folderOf('empty', { _SUCCESS: '' })], 'file-unreadable', /holds no file to upload/],
    [
      'a folder with something else',
      [folderOf('mixed', { 'a.csv': '', 'notes.txt': '' })],
      'usage-invalid',
      /notes\.txt is no CSV/,
    ],
    [
      'a folder in a folder',
      [join(folderOf('deep/below.csv', {}), '..')],
      'usage-invalid',
      /below\.csv is no CSV/,
    ],
    ['a folder beside files', [...files, june], 'usage-invalid', /june is a folder; name it alone/],
  ])('refuses %s', (_, paths, code, message) => {
    expect(() => namedFiles(paths)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});

describe('toldFiles', () => {
  it('names one, and counts more', () => {
    expect(toldFiles(files)).toBe('2 files');
    expect(toldFiles([files[0] ?? ''])).toMatch(/a\.csv$/);
  });
});

describe('uploadParts', () => {
  function aConnection() {
    const store = versionedObjects();
    const connection = { s3: store.s3, outputs: { DataBucket: 'data' } } as unknown as Connection;
    return { store, connection };
  }
  const upload = (connection: Connection, some: readonly string[], force = false) =>
    uploadParts(connection, 'iris', { files: some, together: 'june' }, { force }, () => undefined);

  it('puts the files and then the manifest that names them, their digests and their order', async () => {
    const { store, connection } = aConnection();
    const uploaded = await upload(connection, files);
    const folder = uploaded.key.replace('.manifest.json', '.parts/');
    expect(store.versions.map(({ key }) => key)).toEqual([`${folder}a.csv`, `${folder}b.csv`, uploaded.key]);
    expect(uploadManifest.parse(JSON.parse(store.text(uploaded.key))).parts).toEqual([
      { name: 'a.csv', sha256: sha256('x\n1\n') },
      { name: 'b.csv', sha256: sha256('x\n2\n') },
    ]);
  });

  it('sends nothing twice, and goes on where it broke off', async () => {
    const { store, connection } = aConnection();
    store.failChange(3);
    await expect(upload(connection, files)).rejects.toThrow('the process died here');
    const first = await upload(connection, files);
    expect(store.versions).toHaveLength(3);
    const second = await upload(connection, files);
    expect([second.uploaded, second.versionId]).toEqual([false, first.versionId]);
    const forced = await upload(connection, files, true);
    expect(forced.uploaded).toBe(true);
    expect(store.versions.at(-1)?.metadata).toMatchObject({ 'evergreen-force': 'true' });
    expect(store.versions).toHaveLength(4);
  });

  it('sends no file that changed since its manifest was written', async () => {
    const { connection, store } = aConnection();
    const manifest = [{ name: 'a.csv', sha256: 'd'.repeat(64) }];
    const named = { files: files.slice(0, 1), together: 'june', manifest };
    await expect(uploadParts(connection, 'iris', named, {}, () => undefined)).rejects.toMatchObject({
      code: 'file-unreadable',
      message: expect.stringMatching(/and the manifest says d+; write the manifest again$/),
    });
    expect(store.versions).toEqual([]);
  });

  it('refuses two files of one name, and more than are read', async () => {
    const { connection, store } = aConnection();
    const twin = join(folderOf('twin', { 'a.csv': 'x\n3\n' }), 'a.csv');
    await expect(upload(connection, [...files, twin])).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringMatching(/would both be called a\.csv; rename one$/),
    });
    const many = Array.from({ length: 1001 }, () => files[0] ?? '');
    await expect(upload(connection, many)).rejects.toMatchObject({
      code: 'usage-invalid',
      message: '1001 files are too many for one upload; at most 1000 are read: join some',
    });
    expect(store.versions).toEqual([]);
  });
});
