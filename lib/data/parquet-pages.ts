import { type FileHandle, open } from 'node:fs/promises';
import { readStruct, ThriftEnd, type ThriftStruct } from './thrift-compact.ts';

/** The values of one column in one group of rows, as the footer has it. */
export interface ColumnChunk {
  column: string;
  /** Where its first page begins, and the bytes of all. */
  start: number;
  bytes: number;
  values: number;
}

/** Fields of a page's header. Source: Apache Parquet, parquet.thrift, PageHeader. */
const field = { type: 1, compressedBytes: 3, dataPage: 5, dataPageV2: 8, values: 1 };
const pageType = { data: 0, dataV2: 3 };
const usualHeader = 512;
/** A header may hold the least and greatest text of its page. */
const longestHeader = 16 << 20;

/**
 * Whether the pages of a Parquet file hold as many values as its footer says: a reader believes the footer, and would leave
 * out the rest in silence.
 *
 * @returns What is wrong, or null.
 */
export async function findLyingChunk(path: string, chunks: Iterable<ColumnChunk>): Promise<string | null> {
  const file = await open(path, 'r');
  try {
    for (const chunk of chunks) {
      const found = await valuesOf(file, chunk);
      if (found === null) return `the pages of column ${chunk.column} are not where its footer says`;
      if (found !== chunk.values) {
        return `its footer says that column ${chunk.column} has ${chunk.values} values where its pages have ${found}`;
      }
    }
    return null;
  } finally {
    await file.close();
  }
}

async function valuesOf(file: FileHandle, { start, bytes }: ColumnChunk): Promise<number | null> {
  let values = 0;
  for (let at = start; at < start + bytes; ) {
    const header = await readHeader(file, at, start + bytes - at);
    if (!header) return null;
    const { fields, length } = header;
    const size = fields.get(field.compressedBytes);
    if (typeof size !== 'number' || size < 0) return null;
    const type = fields.get(field.type);
    if (type === pageType.data || type === pageType.dataV2) {
      const page = fields.get(type === pageType.data ? field.dataPage : field.dataPageV2);
      const count = page instanceof Map ? page.get(field.values) : undefined;
      if (typeof count !== 'number' || count < 0) return null;
      values += count;
    }
    at += length + size;
    if (at > start + bytes) return null;
  }
  return values;
}

async function readHeader(
  file: FileHandle,
  at: number,
  most: number,
): Promise<{ fields: ThriftStruct; length: number } | null> {
  for (let size = usualHeader; ; size *= 16) {
    const wanted = Math.min(size, most);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, at);
    try {
      return readStruct(buffer.subarray(0, bytesRead));
    } catch (thrown) {
      if (!(thrown instanceof ThriftEnd)) throw thrown;
      if (wanted === most || bytesRead < wanted || size > longestHeader) return null;
    }
  }
}
