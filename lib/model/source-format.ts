export type SourceFormat = 'csv' | 'parquet' | 'jsonl';

export interface RecognisedFormat {
  format: SourceFormat;
  isGzip: boolean;
}

const suffixes: [suffix: string, recognised: RecognisedFormat][] = [
  ['.csv', { format: 'csv', isGzip: false }],
  ['.csv.gz', { format: 'csv', isGzip: true }],
  ['.jsonl', { format: 'jsonl', isGzip: false }],
  ['.jsonl.gz', { format: 'jsonl', isGzip: true }],
  ['.ndjson', { format: 'jsonl', isGzip: false }],
  ['.ndjson.gz', { format: 'jsonl', isGzip: true }],
  ['.parquet', { format: 'parquet', isGzip: false }],
];

/** The format that a key's suffix names, or undefined. */
export function formatOf(key: string): RecognisedFormat | undefined {
  const lower = key.toLowerCase();
  return suffixes.find(([suffix]) => lower.endsWith(suffix))?.[1];
}

/** The suffixes a model takes, for messages. */
export function suffixesFor(formats: readonly SourceFormat[]): string[] {
  return suffixes.filter(([, { format }]) => formats.includes(format)).map(([suffix]) => suffix);
}
