import type { Column } from '../columns.ts';
import { CsvScanner, type Unreadable } from '../csv-scanner.ts';
import { layOut } from '../stage-file.ts';
import type { CsvLayout } from './spark-plan.ts';

/**
 * How a CSV file is laid out, by its first bytes.
 *
 * @param head As many bytes as the longest line may have, or the whole file.
 */
export function csvLayout(
  head: Buffer,
  columns: readonly Column[],
  maxLineBytes: number,
): CsvLayout | Unreadable {
  let found: Pick<CsvLayout, 'layout' | 'ignored' | 'unread'> | undefined;
  const scanner = new CsvScanner(
    {
      header(written) {
        const laid = layOut(written, columns);
        if (typeof laid === 'string') return laid;
        const layout = laid.layout.map((key, place) => key ?? `ignored${place}`);
        const unread = layout.filter((key) => key.startsWith('ignored'));
        found = {
          layout,
          ignored: laid.ignored,
          unread: laid.ignored.flatMap((name, place) => {
            const key = unread[place];
            return key === undefined ? [] : [{ name, key }];
          }),
        };
        return null;
      },
      record() {},
      broken() {},
    },
    maxLineBytes,
  );
  let place = 0;
  // Line by line until there is a header: what follows is read elsewhere.
  for (let line = 1; place < head.length; line++) {
    const end = head.indexOf(0x0a, place);
    const next = end === -1 ? head.length : end + 1;
    scanner.push(head.subarray(place, next));
    place = next;
    if (scanner.failure) return scanner.failure;
    if (found) return { ...found, headerBytes: place, firstLine: line + 1 };
  }
  scanner.end();
  if (scanner.failure) return scanner.failure;
  return found
    ? { ...found, headerBytes: head.length, firstLine: 2 }
    : { line: 0, message: 'the file is empty; a header line is needed' };
}
