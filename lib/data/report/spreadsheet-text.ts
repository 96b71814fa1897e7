/**
 * Text of a file as a cell of a table that people may open in a spreadsheet: what one would run as a formula begins with an
 * apostrophe. Numbers stay as they are.
 *
 * Source: OWASP, "CSV Injection".
 */
export function spreadsheetText(text: string): string {
  const isNumber = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text);
  return /^[\s\p{Cf}]*[=+\-@|＝＋－＠]/u.test(text) && !isNumber ? `'${text}` : text;
}
