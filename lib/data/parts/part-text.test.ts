import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../shared/digest.ts';
import { writePartText } from './part-text.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evergreen-part-text-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(content: string | Buffer, isFirst: boolean, isCsv = true) {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  await writeFile(from, content);
  const told = await writePartText(from, to, { isCsv, isGzip: false, isFirst });
  return { told, text: await readFile(to, 'utf8') };
}

describe('writePartText', () => {
  it('leaves mark and header out and ends the last line', async () => {
    expect(await written('\ufeffa,b\r\n1,2\r\n3,4', false)).toEqual({
      told: { header: ['a', 'b'], lines: 2, skipped: 1, bytes: 9, sha256: sha256('1,2\r\n3,4\n') },
      text: '1,2\r\n3,4\n',
    });
  });

  it('keeps the header of the first, with the blank lines before it', async () => {
    const { told, text } = await written('\ufeff\n\na,b\n1,2\n', true);
    expect(text).toBe('\n\na,b\n1,2\n');
    expect(told).toMatchObject({ header: ['a', 'b'], lines: 4, skipped: 0 });
  });

  it('knows a header of several lines, and blank lines before it', async () => {
    const { told, text } = await written('\r\n"a ""x""\nand y",b\n1,2\n', false);
    expect(text).toBe('1,2\n');
    expect(told).toMatchObject({ header: ['a "x"\nand y', 'b'], skipped: 3, lines: 1 });
  });

  it('writes nothing of a header alone, or of an empty text', async () => {
    expect(await written('a,b', false)).toMatchObject({ told: { lines: 0, header: ['a', 'b'] }, text: '' });
    expect(await written('', false, false)).toMatchObject({ told: { lines: 0, header: null }, text: '' });
  });

  it('gives up on a header that does not come', async () => {
    const { told } = await written(Buffer.alloc(6 << 20, '\n'), false);
    expect(told).toEqual({
      line: 0,
      message: 'the first 4194304 bytes hold no header; leave the blank lines out',
    });
  });
});
