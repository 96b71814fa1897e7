/**
 * Cells of CSV text (RFC 4180): quoted cells may hold commas, line breaks and doubled quotes. Blank lines are left out.
 *
 * @returns The number of the line that cannot be read when a quote is not closed, or stands inside a cell.
 */
export function parseCsv(text: string): string[][] | { brokenLine: number } {
  const records: string[][] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;
  let record: string[] = [];
  const source = text.replace(/^\uFEFF/, '');
  while (pattern.lastIndex < source.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(source);
    if (!match) return { brokenLine: source.slice(0, at).split('\n').length };
    record.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'));
    if (match[3] === ',' && pattern.lastIndex < source.length) continue;
    if (match[3] === ',') record.push('');
    if (record.length > 1 || record[0] !== '') records.push(record);
    record = [];
  }
  return records;
}
