/** A value in a table; null shows as a dash. */
export type CellValue = string | number | boolean | null;

/** What a person is shown of a command's answer. */
export type Block =
  | { kind: 'lines'; lines: string[] }
  | { kind: 'table'; columns: string[]; rows: CellValue[][]; empty: string }
  | { kind: 'fields'; fields: [string, CellValue][] };

/** What a command answers: `data` is the one JSON document of --json, `view` the same for a person. */
export interface Outcome {
  data: unknown;
  view: Block[];
  /** Other than 0 when the command did its work and found something wrong. */
  exitCode?: number;
  /** It was shown before the command ended. */
  isPublished?: boolean;
}

export const lines = (...text: string[]): Block => ({ kind: 'lines', lines: text });

export const fields = (...entries: [string, CellValue][]): Block => ({ kind: 'fields', fields: entries });

export function table(columns: string[], rows: CellValue[][], empty = 'none'): Block {
  return { kind: 'table', columns, rows, empty };
}
