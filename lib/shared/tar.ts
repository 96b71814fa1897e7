import { EvergreenError } from './errors.ts';

const blockBytes = 512;
const mostEntries = 10_000;
const decoder = new TextDecoder();

function refuse(message: string): never {
  throw new EvergreenError('training-output-invalid', `model.tar.gz ${message}`);
}

function textAt(block: Uint8Array, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits; sizes of 8 GB and more, which are written otherwise, are far over every limit here. */
function numberAt(block: Uint8Array, start: number, length: number): number {
  const text = textAt(block, start, length).trim();
  if (text !== '' && !/^[0-7]+$/.test(text)) refuse('is not a tar archive');
  return text === '' ? 0 : Number.parseInt(text, 8);
}

function hasValidChecksum(block: Uint8Array): boolean {
  const sum = block.reduce((total, byte, place) => total + (place >= 148 && place < 156 ? 0x20 : byte), 0);
  return sum === numberAt(block, 148, 8);
}

/** Records of the form `<length> <key>=<value>\n`. */
function extendedPath(body: Uint8Array): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(decoder.decode(body))?.[1];
}

/**
 * Picks files by name out of a tar archive; others are passed over, nothing is written anywhere.
 *
 * A leading `./` does not count. A wanted name that is no plain file, or stands there twice, is refused: two readers
 * could take different ones.
 *
 * @throws EvergreenError `training-output-invalid`.
 *
 * Source: POSIX.1-2001, pax interchange format; GNU tar manual, long names.
 */
export function pickFromTar(archive: Uint8Array, wanted: readonly string[]): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  let longName: string | undefined;
  let entries = 0;
  for (let offset = 0; offset + blockBytes <= archive.length; ) {
    const header = archive.subarray(offset, offset + blockBytes);
    // Two blocks of zeros end an archive; what follows is padding.
    if (header.every((byte) => byte === 0)) return found;
    if (!hasValidChecksum(header)) refuse('is not a tar archive');
    if (++entries > mostEntries) refuse(`has more than ${mostEntries} entries`);
    const size = numberAt(header, 124, 12);
    const start = offset + blockBytes;
    if (start + size > archive.length) refuse('is cut off');
    const body = archive.subarray(start, start + size);
    offset = start + Math.ceil(size / blockBytes) * blockBytes;

    const type = textAt(header, 156, 1);
    if (type === 'x') {
      longName = extendedPath(body) ?? longName;
      continue;
    }
    if (type === 'L') {
      longName = textAt(body, 0, body.length);
      continue;
    }
    if (type === 'g') continue;
    const prefix = textAt(header, 257, 5) === 'ustar' ? textAt(header, 345, 155) : '';
    const written = longName ?? (prefix === '' ? '' : `${prefix}/`) + textAt(header, 0, 100);
    longName = undefined;
    const name = written.replace(/^(\.\/)+/, '');
    if (!wanted.includes(name)) continue;
    if (type !== '' && type !== '0') refuse(`has ${name} as something else than a file`);
    if (found.has(name)) refuse(`has ${name} twice`);
    found.set(name, body);
  }
  return found;
}
