import type { ModelDefinition } from '../model/definition.ts';
import type { Feature } from '../model/features.ts';
import { parseCsv } from '../shared/csv-text.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { Prediction } from './prediction-record.ts';
import { readJsonBody, type WireRequest } from './request-body.ts';
import { isObject, type Pointers, pointerStep, requestInvalid } from './rows.ts';
import { type Answer, refuseUnknownMembers, requireRowCount, type WireFormat } from './wire.ts';

/*
 * POST /invocations as MLflow's scoring server and SageMaker's containers take it: JSON of one of the four shapes
 * `dataframe_split`, `dataframe_records`, `instances` and `inputs`, a bare JSON array, or CSV with or without a header.
 *
 * Sources: MLflow, "Deploy MLflow Model as a Local Inference Server" (accepted inputs); Amazon SageMaker Developer Guide,
 * "Common data formats for inference".
 */

/** Rows as they came, each an object by feature or an array in some order of features. */
interface Given {
  rows: readonly unknown[];
  /** What the places of an array stand for. */
  columns: readonly string[];
  pointers: Pointers;
}

/** A body that came as CSV: no JSON document can pass for one. */
class CsvBody {
  readonly records: string[][];
  constructor(records: string[][]) {
    this.records = records;
  }
}

const shapes = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const;

function refuse(pointer: string, message: string): never {
  throw requestInvalid([{ pointer, message }]);
}

function mediaOf(header: string | undefined): string {
  return (header ?? 'application/json').toLowerCase().split(';', 1)[0]?.trim() ?? '';
}

function readCsvBody({ body }: Pick<WireRequest, 'body'>, limitBytes: number): CsvBody {
  if (body.length > limitBytes) {
    throw new EvergreenError(
      'request-too-large',
      `the body has ${body.length} bytes; at most ${limitBytes} are read, so send fewer rows at once`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return refuse('', 'is not UTF-8');
  }
  const records = parseCsv(text);
  if (!('brokenLine' in records)) return new CsvBody(records);
  return refuse(
    '',
    `is no CSV: in line ${records.brokenLine} a quote is not closed, or stands inside a cell`,
  );
}

const isNumber = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;

/** A cell of CSV as the feature's rule wants it; what does not look so is left for the rule to refuse. */
function cellOf(text: string, feature: Feature | undefined): unknown {
  if (text === '') return null;
  switch (feature?.type) {
    case 'number':
    case 'integer':
      return isNumber.test(text.trim()) ? Number(text) : text;
    case 'boolean':
      return { true: true, '1': true, false: false, '0': false }[text.trim().toLowerCase()] ?? text;
    default:
      return text;
  }
}

function givenInCsv({ records: all }: CsvBody, { features }: ModelDefinition): Given {
  const names = Object.keys(features);
  const first = all[0]?.map((name) => name.trim()) ?? [];
  // A header is made of names alone, and no row of values is.
  const hasHeader = first.length > 0 && first.every((name) => Object.hasOwn(features, name));
  const columns = hasHeader ? first : names;
  const records = hasHeader ? all.slice(1) : all;
  return {
    columns,
    rows: records.map((cells) => cells.map((cell, place) => cellOf(cell, features[columns[place] ?? '']))),
    pointers: (row, name) => (name === undefined ? `/${row}` : `/${row}/${columns.indexOf(name)}`),
  };
}

/** Columns of values beside each other, as rows. */
function rowsOfColumns(inputs: Readonly<Record<string, unknown>>): unknown[] {
  const columns = Object.entries(inputs).map(([name, values]) => {
    if (!Array.isArray(values)) {
      return refuse(`/inputs/${pointerStep(name)}`, 'must be an array with a value for each row');
    }
    // MLflow nests columns of one value a row once more.
    return [
      name,
      values.map((value: unknown) => (Array.isArray(value) && value.length === 1 ? value[0] : value)),
    ];
  }) as [string, unknown[]][];
  const count = columns[0]?.[1].length ?? 0;
  for (const [name, values] of columns) {
    if (values.length !== count) {
      refuse(`/inputs/${pointerStep(name)}`, `has ${values.length} values; the first column has ${count}`);
    }
  }
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[row]])),
  );
}

function givenInSplit(split: unknown): Given {
  if (!isObject(split)) return refuse('/dataframe_split', 'must be an object with columns and data');
  refuseUnknownMembers(split, ['columns', 'data', 'index'], '/dataframe_split');
  const { columns, data } = split;
  if (!Array.isArray(columns) || !columns.every((name) => typeof name === 'string')) {
    return refuse('/dataframe_split/columns', 'must be an array of feature names');
  }
  if (new Set(columns).size !== columns.length) {
    return refuse('/dataframe_split/columns', 'names a column twice');
  }
  if (!Array.isArray(data)) return refuse('/dataframe_split/data', 'must be an array of rows');
  return {
    columns,
    rows: data,
    pointers: (row, name) =>
      name === undefined
        ? `/dataframe_split/data/${row}`
        : `/dataframe_split/data/${row}/${columns.indexOf(name)}`,
  };
}

function givenInJson(body: unknown, { features }: ModelDefinition): Given {
  const columns = Object.keys(features);
  const listed = (rows: unknown, pointer: string): Given => {
    if (!Array.isArray(rows)) return refuse(pointer, 'must be an array of rows');
    const step = (row: number, name: string) =>
      Array.isArray(rows[row]) ? String(columns.indexOf(name)) : pointerStep(name);
    return {
      columns,
      rows,
      pointers: (row, name) =>
        name === undefined ? `${pointer}/${row}` : `${pointer}/${row}/${step(row, name)}`,
    };
  };
  if (Array.isArray(body)) return listed(body, '');
  if (!isObject(body))
    return refuse('', `must be an object with one of ${shapes.join(', ')}, or an array of rows`);
  refuseUnknownMembers(body, [...shapes, 'params']);
  const found = shapes.filter((shape) => Object.hasOwn(body, shape));
  const [shape] = found;
  if (shape === undefined || found.length > 1) {
    return refuse('', `must have exactly one of ${shapes.join(', ')}`);
  }
  if (body.params !== undefined && !(isObject(body.params) && Object.keys(body.params).length === 0)) {
    return refuse('/params', 'is not read; the model has no parameters');
  }
  if (shape === 'dataframe_split') return givenInSplit(body.dataframe_split);
  const { inputs } = body;
  if (shape !== 'inputs' || !isObject(inputs)) return listed(body[shape], `/${shape}`);
  return {
    columns,
    rows: rowsOfColumns(inputs),
    pointers: (row, name) => (name === undefined ? '/inputs' : `/inputs/${pointerStep(name)}/${row}`),
  };
}

/** Rows by feature; an array must be as long as there are columns. */
function named({ rows, columns, pointers }: Given): unknown[] {
  return rows.map((row, place) => {
    if (!Array.isArray(row)) return row;
    if (row.length !== columns.length) {
      refuse(
        pointers(place),
        `has ${row.length} values; ${columns.length} are needed: ${columns.join(', ')}`,
      );
    }
    return Object.fromEntries(columns.map((name, column) => [name, row[column]]));
  });
}

const plain = (prediction: Prediction) => ('label' in prediction ? prediction.label : prediction.value);

function csvLine(prediction: Prediction): string {
  const text = String(plain(prediction));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The reply has what callers of either expect, and beside it what every reply here says. */
function jsonReply({ predictions, ...facts }: Answer): object {
  const { predictionId, model, version, modelDigest, datasetId, traceId } = facts;
  return {
    predictions: predictions.map(plain),
    predictionId,
    model,
    version,
    modelDigest,
    datasetId,
    traceId,
  };
}

/** @param accept Media type the caller wants; CSV gives one label or value a line. */
export function invocationsFormat(accept: string | undefined): WireFormat {
  return {
    parse(request, limitBytes) {
      const isCsv = mediaOf(request.headers['content-type']) === 'text/csv';
      return isCsv ? readCsvBody(request, limitBytes) : readJsonBody(request, limitBytes);
    },
    read(body, { definition, readRows }) {
      const given = body instanceof CsvBody ? givenInCsv(body, definition) : givenInJson(body, definition);
      requireRowCount(given.rows.length, given.pointers(0).replace(/\/0$/, ''));
      return {
        rows: readRows(named(given), given.pointers),
        write: (answer) =>
          mediaOf(accept) === 'text/csv'
            ? `${answer.predictions.map(csvLine).join('\n')}\n`
            : jsonReply(answer),
      };
    },
  };
}
