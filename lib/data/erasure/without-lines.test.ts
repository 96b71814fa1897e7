import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeWithoutLines } from './without-lines.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'without-lines-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const csv = { format: 'csv', isGzip: false } as const;

async function without(
  content: string | Uint8Array,
  format: Parameters<typeof writeWithoutLines>[2],
  ...lines: number[]
) {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  writeFileSync(from, content);
  const broken = await writeWithoutLines(from, to, format, new Set(lines), 10_000);
  return { broken, bytes: readFileSync(to) };
}

describe('writeWithoutLines', () => {
  it('leaves every other record byte for byte, quotes and line ends inside of cells too', async () => {
    const { bytes, broken } = await without('a,"b ""c"""\n1,"x\ny"\n2,=1+1\n3, z \n', csv, 4);
    expect(bytes.toString()).toBe('"a","b ""c"""\n1,"x\ny"\n3, z \n');
    expect(broken).toBe(0);
  });

  it('leaves out what could not be cut into cells, and counts it', async () => {
    expect(await without('a,b\n1,2\n3\n', csv)).toMatchObject({ broken: 1 });
    const lines = await without('{"a":1}\n[1]\nnot json\n{"a":2}\n', { format: 'jsonl', isGzip: false }, 4);
    expect(lines).toMatchObject({ broken: 2 });
    expect(lines.bytes.toString()).toBe('{"a":1}\n');
  });

  it('reads and writes gzip', async () => {
    const { bytes } = await without(gzipSync('a\n1\n2\n'), { format: 'csv', isGzip: true }, 2);
    expect(gunzipSync(bytes).toString()).toBe('"a"\n2\n');
  });

  it('does not take what cannot be read for empty', async () => {
    await expect(without('a\n"1\n', csv)).rejects.toMatchObject({ code: 'artifact-damaged' });
  });
});
