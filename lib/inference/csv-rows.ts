import type { ModelDefinition } from '../model/definition.ts';
import type { Feature } from '../model/features.ts';
import { parseCsv } from '../shared/csv-text.ts';
import type { GivenRows } from './given-rows.ts';
import { contentTypeOf, type WireRequest } from './request-body.ts';
import { requestInvalid } from './rows.ts';
import { requireRowCount } from './wire.ts';

/** A body that came as CSV: no JSON document can pass for one. */
export class CsvBody {
  readonly records: readonly string[][];
  /** Whether the first record names columns, when the content type says so (RFC 4180, `header`). */
  readonly hasHeader: boolean | undefined;
  constructor(records: readonly string[][], hasHeader: boolean | undefined) {
    this.records = records;
    this.hasHeader = hasHeader;
  }
}

function refuse(message: string): never {
  throw requestInvalid([{ pointer: '', message }]);
}

/** @throws EvergreenError `request-invalid` for what is not UTF-8, or no CSV. */
export function readCsvBody({ headers, body }: Pick<WireRequest, 'headers' | 'body'>): CsvBody {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return refuse('is not UTF-8');
  }
  const records = parseCsv(text);
  if ('brokenLine' in records) {
    return refuse(`is no CSV: in line ${records.brokenLine} a quote is not closed, or stands inside a cell`);
  }
  const said = contentTypeOf(headers['content-type']).parameters.get('header');
  return new CsvBody(records, said === 'present' ? true : said === 'absent' ? false : undefined);
}

/** No two of its parts can match the same digits: a long cell is read once, not once for each of them. */
const number = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;
const isNumber = (text: string) => number.test(text.trim());
const booleans = new Map([
  ['true', true],
  ['1', true],
  ['1.0', true],
  ['false', false],
  ['0', false],
  ['0.0', false],
]);

/** A cell as the feature's rule wants it; what does not look so is left for the rule to refuse. */
function cellOf(text: string, feature: Feature | undefined): unknown {
  if (text === '') return null;
  switch (feature?.type) {
    case 'number':
    case 'integer':
      return isNumber(text) ? Number(text) : text;
    case 'boolean':
      return booleans.get(text.trim().toLowerCase()) ?? text;
    default:
      return text;
  }
}

/** A header has a feature's name in it, and no number. */
function looksLikeHeader(cells: readonly string[], definition: ModelDefinition): boolean {
  const isName = (cell: string) => Object.hasOwn(definition.features, cell.trim());
  return cells.some(isName) && !cells.some(isNumber);
}

/** @throws EvergreenError `request-invalid` or `request-too-large`. */
export function givenInCsv({ records, hasHeader }: CsvBody, definition: ModelDefinition): GivenRows {
  const { features } = definition;
  const [first = []] = records;
  const isNamed = hasHeader ?? looksLikeHeader(first, definition);
  const columns = isNamed ? first.map((name) => name.trim()) : Object.keys(features);
  const cells = isNamed ? records.slice(1) : records;
  requireRowCount(cells.length, '');
  return {
    columns,
    rows: cells.map((row) => row.map((cell, place) => cellOf(cell, features[columns[place] ?? '']))),
    pointers: (row, name) => (name === undefined ? `/${row}` : `/${row}/${columns.indexOf(name)}`),
    ...(isNamed && {
      header: {
        pointer: '',
        errorAt: (place, message) => ({
          pointer: '',
          message: `has a column ${JSON.stringify(columns[place]?.slice(0, 60))}, which ${message}`,
        }),
      },
    }),
  };
}
