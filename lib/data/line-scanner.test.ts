import { describe, expect, it } from 'vitest';
import { LineScanner } from './line-scanner.ts';

function scan(content: string | Buffer, chunkSize: number) {
  const lines: [number, string][] = [];
  const scanner = new LineScanner((text, line) => {
    if (text === 'stop') return 'stopped';
    lines.push([line, text]);
    return null;
  }, 20);
  const bytes = Buffer.from(content);
  for (let from = 0; from < bytes.length; from += chunkSize)
    scanner.push(bytes.subarray(from, from + chunkSize));
  scanner.end();
  return { lines, failure: scanner.failure };
}

describe.each([1, 3, 1000])('LineScanner with chunks of %d bytes', (chunkSize) => {
  it('counts lines, blank ones too, and takes off mark and CR', () => {
    expect(scan('\ufeffé👍\r\n\n  \nb', chunkSize)).toEqual({
      lines: [
        [1, 'é👍'],
        [4, 'b'],
      ],
      failure: null,
    });
  });

  it.each([
    ['other encodings', Buffer.from('a\n\xe9\nb', 'latin1'), 2, /not UTF-8/],
    ['giant lines', `a\n${'b'.repeat(50)}`, 2, /longer than 20 bytes/],
    ['what its reader refuses', 'a\nb\nstop\nc', 3, /stopped/],
  ])('refuses %s and reads no further', (_, content, line, message) => {
    const { lines, failure } = scan(content, chunkSize);
    expect(failure).toEqual({ line, message: expect.stringMatching(message) });
    expect(lines.length).toBe(line - 1);
  });
});
