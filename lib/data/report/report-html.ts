/** Markup that is safe to show: every value put into it was escaped. */
export interface Html {
  readonly markup: string;
}

type Part = string | number | Html | readonly Html[];

/** Builds markup; values are escaped unless they are markup themselves. */
export function html(pieces: TemplateStringsArray, ...parts: Part[]): Html {
  return { markup: pieces.reduce((text, piece, place) => text + render(parts[place - 1] ?? '') + piece) };
}

/** Markup written in this product; never text from a file. */
export function raw(markup: string): Html {
  return { markup };
}

function render(part: Part): string {
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('');
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  // Characters that turn or hide text are shown as a sign of their own.
  return text
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
    .replaceAll(/(?![\t\n\r])[\p{Cc}\p{Cf}]/gu, '\ufffd');
}
