import { EvergreenError } from '../shared/errors.ts';

export interface JsonLimits {
  /** Arrays and objects within one another. */
  depth: number;
  /** Takes NaN for null: Python's and RapidJSON's writers put it where a value is missing. @default false */
  readsNaN?: boolean;
}

const quote = 0x22;
const backslash = 0x5c;
const decoder = new TextDecoder('utf-8', { fatal: true });
const mayHoldSurrogate = /\\u[dD][89a-fA-F]/;

/** A string, whose end is found without a second try, or the word outside of one. */
const stringOrNaN = /"[^"\\]*(?:\\.[^"\\]*)*"|\bNaN\b/gs;

function refuse(message: string): never {
  throw new EvergreenError('request-not-json', `the body ${message}`);
}

/**
 * Reads one JSON document and refuses what JSON.parse lets pass: bytes that are not UTF-8, names that occur twice in
 * an object, too deep nesting, and halves of surrogate pairs. A reader behind this one could take each of them otherwise.
 *
 * @throws EvergreenError `request-not-json`.
 */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    refuse('is not UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    if (limits.readsNaN && text.includes('NaN')) {
      const plain = text.replace(stringOrNaN, (found) => (found === 'NaN' ? 'null' : found));
      return parseStrictJson(new TextEncoder().encode(plain), { depth: limits.depth });
    }
    // The parser's own message quotes the body.
    refuse(text.trim() === '' ? 'is empty; send one JSON document' : 'is not JSON');
  }
  scan(text, limits);
  if (mayHoldSurrogate.test(text) && holdsHalfSurrogate(value)) refuse('holds half of a surrogate pair');
  return value;
}

/** End of a string whose opening quote stands at `start`: the place of its closing quote. The text is valid JSON. */
function endOfString(text: string, start: number): number {
  let place = start + 1;
  for (;;) {
    const character = text.charCodeAt(place);
    if (character === quote) return place;
    place += character === backslash ? 2 : 1;
  }
}

/** Walks over valid JSON once. */
function scan(text: string, limits: JsonLimits): void {
  /** Names seen in each open object; null for arrays. */
  const open: (Set<string> | null)[] = [];
  for (let place = 0; place < text.length; place++) {
    const character = text.charCodeAt(place);
    if (character === quote) {
      const end = endOfString(text, place);
      const names = open.at(-1);
      if (names && isName(text, end + 1)) addName(names, text.slice(place, end + 1));
      place = end;
    } else if (character === 0x7b || character === 0x5b) {
      open.push(character === 0x7b ? new Set() : null);
      if (open.length > limits.depth) refuse(`is nested more than ${limits.depth} deep`);
    } else if (character === 0x7d || character === 0x5d) open.pop();
  }
}

/** Whether the next character that is no blank is a colon. */
function isName(text: string, start: number): boolean {
  let place = start;
  while (text.charCodeAt(place) <= 0x20) place++;
  return text.charCodeAt(place) === 0x3a;
}

function addName(names: Set<string>, written: string): void {
  const name: string = written.includes('\\') ? String(JSON.parse(written)) : written.slice(1, -1);
  if (names.has(name)) refuse(`names ${JSON.stringify(name.slice(0, 60))} twice in one object`);
  names.add(name);
}

function holdsHalfSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => !name.isWellFormed() || holdsHalfSurrogate(member));
}
