import { createReadStream, createWriteStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { RecognisedFormat } from '../../model/source-format.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { CsvScanner } from '../csv-scanner.ts';
import { LineScanner } from '../line-scanner.ts';

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

/**
 * Writes a file of CSV or JSON lines without some of its lines, all others byte for byte. Rows that could not be cut into
 * cells go too: nobody can tell whose they are.
 *
 * @returns How many such rows were left out.
 * @throws EvergreenError `artifact-damaged` when the file, which was read before, cannot be read.
 */
export async function writeWithoutLines(
  from: string,
  to: string,
  { format, isGzip }: RecognisedFormat,
  lines: ReadonlySet<number>,
  maxLineBytes: number,
): Promise<number> {
  let kept: Buffer[] = [];
  let broken = 0;
  const keep = (record: Uint8Array | string) => kept.push(Buffer.from(record), Buffer.from('\n'));
  const scanner =
    format === 'csv'
      ? new CsvScanner(
          {
            header(names) {
              keep(names.map(quoted).join(','));
              return null;
            },
            record(bytes, line) {
              if (!lines.has(line)) keep(bytes);
            },
            broken() {
              broken++;
            },
          },
          maxLineBytes,
        )
      : new LineScanner((text, line) => {
          if (!isObject(text)) broken++;
          else if (!lines.has(line)) keep(text);
          return null;
        }, maxLineBytes);
  const flush = () => {
    const whole = Buffer.concat(kept);
    kept = [];
    return whole;
  };
  await pipeline(
    createReadStream(from),
    isGzip ? createGunzip() : new PassThrough(),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        scanner.push(chunk);
        yield flush();
      }
      scanner.end();
      yield flush();
    },
    isGzip ? createGzip() : new PassThrough(),
    createWriteStream(to),
  );
  if (scanner.failure) {
    throw new EvergreenError('artifact-damaged', `the upload cannot be read: ${scanner.failure.message}`);
  }
  return broken;
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
