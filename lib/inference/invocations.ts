import type { ModelDefinition } from '../model/definition.ts';
import { prefersCsv } from './accept.ts';
import { CsvBody, givenInCsv, readCsvBody } from './csv-rows.ts';
import { type GivenRows, nameCells } from './given-rows.ts';
import type { Prediction } from './prediction-record.ts';
import { readJsonBody, requireBody } from './request-body.ts';
import { isObject, pointerStep, requestInvalid } from './rows.ts';
import { type Answer, refuseUnknownMembers, replyFacts, requireRowCount, type WireFormat } from './wire.ts';

/*
 * POST /invocations as MLflow's scoring server and SageMaker's containers take it: JSON of one of the four shapes
 * `dataframe_split`, `dataframe_records`, `instances` and `inputs`, a bare JSON array, or CSV with or without a header.
 *
 * Sources: MLflow, "Deploy MLflow Model as a Local Inference Server" (accepted inputs); Amazon SageMaker Developer Guide,
 * "Common data formats for inference".
 */

const shapes = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const;

function refuse(pointer: string, message: string): never {
  throw requestInvalid([{ pointer, message }]);
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
  requireRowCount(count, '/inputs');
  for (const [name, values] of columns) {
    if (values.length !== count) {
      refuse(`/inputs/${pointerStep(name)}`, `has ${values.length} values; the first column has ${count}`);
    }
  }
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[row]])),
  );
}

function givenInSplit(split: unknown): GivenRows {
  if (!isObject(split)) return refuse('/dataframe_split', 'must be an object with columns and data');
  refuseUnknownMembers(split, ['columns', 'data', 'index'], '/dataframe_split');
  const { columns, data } = split;
  if (!Array.isArray(columns) || !columns.every((name) => typeof name === 'string')) {
    return refuse('/dataframe_split/columns', 'must be an array of feature names');
  }
  if (!Array.isArray(data)) return refuse('/dataframe_split/data', 'must be an array of rows');
  requireRowCount(data.length, '/dataframe_split/data');
  const other = data.findIndex((row) => !Array.isArray(row));
  if (other !== -1) refuse(`/dataframe_split/data/${other}`, 'must be an array with a value for each column');
  return {
    columns,
    rows: data,
    pointers: (row, name) =>
      name === undefined
        ? `/dataframe_split/data/${row}`
        : `/dataframe_split/data/${row}/${columns.indexOf(name)}`,
    header: {
      pointer: '/dataframe_split/columns',
      errorAt: (place, message) => ({ pointer: `/dataframe_split/columns/${place}`, message }),
    },
  };
}

function givenInJson(body: unknown, { features }: ModelDefinition): GivenRows {
  const columns = Object.keys(features);
  const listed = (rows: unknown, pointer: string): GivenRows => {
    if (!Array.isArray(rows)) return refuse(pointer, 'must be an array of rows');
    requireRowCount(rows.length, pointer);
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
  const names = Object.keys(inputs);
  return {
    columns: names,
    rows: rowsOfColumns(inputs),
    pointers: (row, name) => (name === undefined ? '/inputs' : `/inputs/${pointerStep(name)}/${row}`),
    header: {
      pointer: '/inputs',
      errorAt: (place, message) => ({ pointer: `/inputs/${pointerStep(names[place] ?? '')}`, message }),
    },
  };
}

const plain = (prediction: Prediction) => ('label' in prediction ? prediction.label : prediction.value);

function csvLine(prediction: Prediction): string {
  const text = String(plain(prediction));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The reply has what callers of either expect, and beside it what every reply here says. */
function jsonReply(answer: Answer): object {
  return { predictions: answer.predictions.map(plain), ...replyFacts(answer) };
}

/** @param accept What the caller wants to read; CSV gives one label or value a line. */
export function invocationsFormat(accept: string | undefined): WireFormat {
  return (request, limitBytes) => {
    const kind = requireBody(request, ['json', 'csv'], limitBytes);
    const body =
      kind === 'csv' ? readCsvBody(request) : readJsonBody(request, limitBytes, { readsNaN: true });
    return ({ definition, readRows, batches }) => {
      const given = body instanceof CsvBody ? givenInCsv(body, definition) : givenInJson(body, definition);
      return {
        batch: batches.ofRows(readRows(nameCells(given, definition), given.pointers)),
        write: (answer) =>
          prefersCsv(accept) ? `${answer.predictions.map(csvLine).join('\n')}\n` : jsonReply(answer),
      };
    };
  };
}
