import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsvScanner, splitRecord } from './csv-scanner.ts';

const maxLineBytes = 1000;

/** Scans a text in chunks of a size. */
function scan(content: string | Buffer, chunkSize = 1 << 16, limit = maxLineBytes) {
  const records: [line: number, text: string][] = [];
  const broken: [line: number, message: string][] = [];
  let header: string[] = [];
  const scanner = new CsvScanner(
    {
      header(names) {
        header = names;
        return null;
      },
      record: (bytes, line) => void records.push([line, bytes.toString('utf8')]),
      broken: (line, message) => void broken.push([line, message]),
    },
    limit,
  );
  const bytes = Buffer.from(content);
  for (let from = 0; from < bytes.length; from += chunkSize) {
    scanner.push(bytes.subarray(from, from + chunkSize));
  }
  scanner.end();
  return { header, records, broken, failure: scanner.failure };
}

describe('CsvScanner', () => {
  it('gives each record the line it begins on', () => {
    const { header, records } = scan('a,b\n1,"x\ny\r\nz"\n\n2,""\n');
    expect(header).toEqual(['a', 'b']);
    expect(records).toEqual([
      [2, '1,"x\ny\r\nz"'],
      [6, '2,""'],
    ]);
  });

  it('takes off a byte order mark, CR before LF, and needs no last line end', () => {
    const { header, records } = scan('\ufeffa,b\r\n1,2\r\n3,4\r');
    expect(header).toEqual(['a', 'b']);
    expect(records.map(([, text]) => text)).toEqual(['1,2', '3,4']);
  });

  it('goes on after a line of another width', () => {
    const { records, broken } = scan('a,b\n1\n2,3\n4,5,6\n7,8');
    expect(records.map(([line]) => line)).toEqual([3, 5]);
    expect(broken).toEqual([
      [2, 'has 1 cell; the header has 2'],
      [4, 'has 3 cells; the header has 2'],
    ]);
  });

  it.each([
    [
      'a quote inside a cell',
      'a,b\n5" pipe,1\n2,3',
      'has a quote inside a cell that does not begin with one',
    ],
    ['a zero byte', 'a,b\n1,\0\n2,3', 'holds a zero byte'],
    [
      'a carriage return',
      'a,b\n1,x\ry\n2,3',
      'holds a carriage return outside quotes; end lines with LF or CRLF',
    ],
  ])('keeps out a row with %s', (_, content, message) => {
    const { records, broken, failure } = scan(content);
    expect(broken).toEqual([[2, message]]);
    expect(records).toEqual([[3, '2,3']]);
    expect(failure).toBeNull();
  });

  it.each([
    ['nothing', '', 0, /empty/],
    ['blank lines alone', '\n\r\n\n', 0, /empty/],
    ['a quote that is never closed', 'a,b\n1,2\n3,"x\n5,6\n', 3, /a quote is opened here and never closed/],
    ['a quote closed before other text', 'a,b\n1,"x\n3,"y",4\n', 2, /ends before other text/],
    ['Latin-1', Buffer.from('a,b\n1,caf\xe9\n', 'latin1'), 2, /not UTF-8/],
    ['UTF-16', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), 1, /not UTF-8/],
    ['UTF-16 without a mark', Buffer.from('a,b\n1,2\n', 'utf16le'), 1, /zero byte/],
    ['lines that end with CR alone', 'a,b\r1,2\r', 1, /carriage return/],
    ['a giant line', `a,b\n1,${'x'.repeat(2000)}\n`, 2, /longer than 1000 bytes/],
    ['a giant quoted cell', `a,b\n1,2\n1,"${'x\n'.repeat(1000)}`, 3, /not closed within 1000 bytes/],
  ])('refuses a file of %s and names the line', (_, content, line, message) => {
    for (const chunkSize of [1, 7, 1 << 16]) {
      const { failure } = scan(content, chunkSize);
      expect(failure?.message).toMatch(message);
      expect(failure?.line).toBe(line);
    }
  });

  it('finds the same however the bytes are cut into chunks', () => {
    const alphabet = fc.constantFrom('a', '"', ',', '\n', '\r', '\r\n', 'é', '👍', '\0', ' ');
    fc.assert(
      fc.property(
        fc.array(alphabet, { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        (parts, chunkSize) => {
          const text = `h,i\n${parts.join('')}`;
          expect(scan(text, chunkSize)).toEqual(scan(text));
        },
      ),
    );
  });
});

describe('splitRecord', () => {
  it('undoes quoting', () => {
    const cells = fc.array(fc.oneof(fc.string(), fc.constantFrom('', '"', ',', 'a\nb', ',"')), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(cells, (written) => {
        const text = written.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',');
        expect(splitRecord(text)).toEqual(written);
      }),
    );
  });

  it('takes bare cells as they are', () => {
    expect(splitRecord('a, b,,"c"')).toEqual(['a', ' b', '', 'c']);
    expect(splitRecord('a,')).toEqual(['a', '']);
  });
});
