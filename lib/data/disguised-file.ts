import { open } from 'node:fs/promises';
import type { RecognisedFormat } from '../model/source-format.ts';

const unpack = 'unpack it, and upload what is in it';
const asSheet = 'save its sheet as CSV';
const asTable = 'write its rows as CSV, Parquet or JSON lines';

/** What files begin with that are not text; what a text may begin with is not in it. */
const known: [start: string, what: string, remedy: string][] = [
  ['\x1f\x8b', 'packed with gzip', 'let its name end in .gz'],
  ['PAR1', 'a Parquet file', 'let its name end in .parquet'],
  ['PK\x03\x04', 'a ZIP archive or a workbook', `${unpack}, or ${asSheet}`],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'an old workbook or document', asSheet],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive', unpack],
  ['Rar!\x1a\x07', 'a RAR archive', unpack],
  ['\xfd7zXZ\x00', 'packed with xz', unpack],
  ['\x28\xb5\x2f\xfd', 'packed with zstd', unpack],
  ['\x89PNG\r\n\x1a\n', 'a PNG picture', asTable],
  ['\xff\xd8\xff', 'a JPEG picture', asTable],
  ['GIF87a', 'a GIF picture', asTable],
  ['GIF89a', 'a GIF picture', asTable],
  ['%PDF-', 'a PDF document', asTable],
  ['SQLite format 3\x00', 'an SQLite database', asTable],
  ['ARROW1\x00\x00', 'an Arrow file', asTable],
  ['Obj\x01', 'an Avro file', asTable],
  ['\x7fELF', 'a program', asTable],
];
const longest = Math.max(...known.map(([start]) => start.length));

/** Why a file is not what its name says, by the bytes that it begins with; null when nothing speaks against it. */
export async function disguisedFile(
  path: string,
  { format, isGzip }: RecognisedFormat,
): Promise<string | null> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longest), 0, longest, 0);
    const head = buffer.subarray(0, bytesRead).toString('latin1');
    const found = known.find(([start]) => head.startsWith(start));
    if (!found) return null;
    const [start, what, remedy] = found;
    const isMeant = isGzip ? start === '\x1f\x8b' : format === 'parquet' && start === 'PAR1';
    if (isMeant) return null;
    return `the file is ${what} by its first bytes, and ${isGzip ? 'gzip' : nameOf[format]} by its name; ${remedy}`;
  } finally {
    await file.close();
  }
}

const nameOf = { csv: 'CSV', jsonl: 'JSON lines', parquet: 'Parquet' };
