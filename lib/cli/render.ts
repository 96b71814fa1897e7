import type { Block, CellValue, Outcome } from './outcome.ts';

function show(value: CellValue | undefined): string {
  if (value === null || value === undefined) return '-';
  // Answers may come from uploaded data: control characters must not reach the terminal.
  return String(value).replace(/\p{Cc}+/gu, ' ');
}

function renderTable(columns: string[], rows: CellValue[][]): string[] {
  const text = [columns, ...rows.map((row) => columns.map((_, index) => show(row[index])))];
  const widths = columns.map((_, index) => Math.max(...text.map((row) => (row[index] ?? '').length)));
  return text.map((row) =>
    row
      .map((value, index) => value.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function renderBlock(block: Block): string[] {
  switch (block.kind) {
    case 'lines':
      return block.lines;
    case 'table':
      return block.rows.length === 0 ? [block.empty] : renderTable(block.columns, block.rows);
    case 'fields': {
      const width = Math.max(...block.fields.map(([name]) => name.length));
      return block.fields.map(([name, value]) => `${name.padEnd(width)}  ${show(value)}`);
    }
  }
}

/** An answer as text for a person, or with `json` as one JSON document. Ends with a line break unless it is empty. */
export function render(outcome: Outcome, json: boolean): string {
  if (json) return `${JSON.stringify(outcome.data ?? null, null, 2)}\n`;
  const blocks = outcome.view.map((block) => renderBlock(block).join('\n')).filter((text) => text !== '');
  return blocks.length === 0 ? '' : `${blocks.join('\n\n')}\n`;
}
