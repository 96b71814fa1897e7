import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { digestFile } from './local-file.store.ts';

const folder = mkdtempSync(join(tmpdir(), 'evergreen-file-'));
const path = join(folder, 'rows.csv');
afterAll(() => rmSync(folder, { recursive: true }));

describe('digestFile', () => {
  it('reads a file through', async () => {
    writeFileSync(path, 'a,b\n');
    const sha256 = createHash('sha256').update('a,b\n').digest('hex');
    expect(await digestFile(path)).toEqual({ path, sha256, bytes: 4 });
  });

  it('says that a file cannot be read', async () => {
    await expect(digestFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'file-unreadable' });
  });

  it('ends when it is told to', async () => {
    writeFileSync(path, 'a,b\n');
    await expect(digestFile(path, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
