import type { ModelDefinition } from '../model/definition.ts';
import { signatureOf } from '../model/signature.ts';
import { isLittleEndian, numberOrMissing, readTensorBody, withBinaryData } from './binary-tensors.ts';
import type { ReplyOptions } from './open-inference-reply.ts';
import type { RowBatch } from './row-batch.ts';
import { isObject, type Pointers, pointerStep, type RequestError, requestInvalid } from './rows.ts';
import { datatypes, isNumberType } from './tensor-datatypes.ts';
import {
  type Answer,
  type ReadRequest,
  type RowTarget,
  refuseUnknownMembers,
  requireRowCount,
  type WireFormat,
} from './wire.ts';

/*
 * The Open Inference Protocol, version 2. A request brings either one tensor for each feature, of shape [n] or [n, 1],
 * or the matrices of the model's signature, `numbers` and `texts`, of shape [n, k] in the order of the definition.
 *
 * Source: kserve/open-inference-protocol, "inference_rest.md".
 */

const maxTensors = 1000;

/** A column of values for one feature, and where each value stands in the request. */
interface Column {
  feature: string;
  values: readonly unknown[];
  pointer: (row: number) => string;
}

interface InputTensor {
  name: string;
  pointer: string;
  rows: number;
  width: number;
  datatype: string;
  /** Row after row. */
  data: readonly unknown[] | TypedData;
}

/** As binary data comes; JSON has no such value. */
type TypedData = ArrayLike<number | bigint> & ArrayBufferView;
const isTyped = (data: unknown): data is TypedData => ArrayBuffer.isView(data);

function refuse(pointer: string, message: string): never {
  throw requestInvalid([{ pointer, message }]);
}

/** Data may come nested by its shape; it is the same flattened, and pointers then name the nested place. */
function readTensor(given: unknown, index: number): InputTensor & { isNested: boolean } {
  const pointer = `/inputs/${index}`;
  if (!isObject(given))
    return refuse(pointer, 'must be a tensor: an object with name, shape, datatype and data');
  refuseUnknownMembers(given, ['name', 'shape', 'datatype', 'data', 'parameters'], pointer);
  const { name, shape, datatype, data } = given;
  if (typeof name !== 'string') return refuse(`${pointer}/name`, 'must be the name of a feature');
  if (typeof datatype !== 'string' || !datatypes.some((each) => each === datatype)) {
    return refuse(`${pointer}/datatype`, `must be one of ${datatypes.join(', ')}`);
  }
  const sizes: unknown[] = Array.isArray(shape) ? shape : [];
  const [rows, width = 1] = sizes;
  const isSize = (size: unknown): size is number => Number.isSafeInteger(size) && Number(size) >= 0;
  if (sizes.length < 1 || sizes.length > 2 || !isSize(rows) || !isSize(width)) {
    return refuse(`${pointer}/shape`, 'must be [rows] or [rows, columns]');
  }
  requireRowCount(rows, `${pointer}/shape`);
  if (isTyped(data)) {
    if (data.length !== rows * width) {
      return refuse(`${pointer}/data`, `must hold ${rows} x ${width} values, as its shape says`);
    }
    return { name, pointer, rows, width, datatype, data, isNested: false };
  }
  if (!Array.isArray(data)) {
    return refuse(`${pointer}/data`, 'must be an array of values');
  }
  const isNested = data.some((part) => Array.isArray(part));
  const flat: unknown[] = isNested ? data.flat() : data;
  const isEven = !isNested || data.every((part) => Array.isArray(part) && part.length === width);
  if (!isEven || flat.length !== rows * width || (isNested && data.length !== rows)) {
    return refuse(`${pointer}/data`, `must hold ${rows} x ${width} values, as its shape says`);
  }
  return { name, pointer, rows, width, datatype, data: flat, isNested };
}

/** Values as the rules for rows want them: what a datatype leaves open is settled here. */
function settle(value: unknown, datatype: string, isBooleanFeature: boolean, pointer: string): unknown {
  if (value === null) return null;
  const isFitting =
    datatype === 'BYTES'
      ? typeof value === 'string'
      : datatype === 'BOOL'
        ? typeof value === 'boolean'
        : typeof value === 'number';
  if (!isFitting) refuse(pointer, `is no value of the datatype ${datatype}`);
  if (isBooleanFeature && (value === 0 || value === 1)) return value === 1;
  return value;
}

function columnsOf(tensor: InputTensor & { isNested: boolean }, definition: ModelDefinition): Column[] {
  const { name, pointer, width, datatype, isNested } = tensor;
  const data = isTyped(tensor.data) ? Array.from(tensor.data, numberOrMissing) : tensor.data;
  const place = (row: number, column: number) =>
    isNested ? `${pointer}/data/${row}/${column}` : `${pointer}/data/${row * width + column}`;
  const column = (feature: string, at: number): Column => ({
    feature,
    pointer: (row) => place(row, at),
    values: Array.from({ length: tensor.rows }, (_, row) =>
      settle(
        data[row * width + at],
        datatype,
        definition.features[feature]?.type === 'boolean',
        place(row, at),
      ),
    ),
  });
  const matrix = signatureOf(definition).inputs.find((input) => input.name === name);
  if (matrix && !Object.hasOwn(definition.features, name)) {
    if (width !== matrix.features.length) {
      return refuse(`${pointer}/shape`, `must have the columns ${matrix.features.join(', ')}`);
    }
    return matrix.features.map(column);
  }
  if (width !== 1) return refuse(`${pointer}/shape`, 'must be [rows] or [rows, 1] for one feature');
  return [column(name, 0)];
}

/** A parameter of Triton's binary data extension: whether outputs come as bytes. */
function readFlag(parameters: unknown, name: string, pointer: string): boolean | undefined {
  const flag = isObject(parameters) ? parameters[name] : undefined;
  if (flag === undefined || typeof flag === 'boolean') return flag;
  return refuse(`${pointer}/parameters/${name}`, 'must be true or false');
}

/** @param canBeBinary Whether bytes would reach the caller; everything comes as JSON where they would not. */
function readReplyOptions(
  { id, parameters, outputs }: Readonly<Record<string, unknown>>,
  definition: ModelDefinition,
  canBeBinary: boolean,
): ReplyOptions {
  if (id !== undefined && (typeof id !== 'string' || id.length > 200)) {
    return refuse('/id', 'must be a text of at most 200 characters');
  }
  const isBinary = (readFlag(parameters, 'binary_data_output', '') ?? false) && canBeBinary;
  if (outputs === undefined) return { id, outputs, isBinary };
  if (!Array.isArray(outputs)) return refuse('/outputs', 'must be an array');
  const known = definition.target.type === 'category' ? ['label', 'scores'] : ['value'];
  const wanted = outputs.map((output: unknown, index): [string, boolean] => {
    const { name, parameters: own } = isObject(output) ? output : {};
    const pointer = `/outputs/${index}`;
    if (typeof name !== 'string' || !known.includes(name)) {
      return refuse(`${pointer}/name`, `must be one of ${known.join(', ')}`);
    }
    return [name, (readFlag(own, 'binary_data', pointer) ?? isBinary) && canBeBinary];
  });
  return { id, outputs: new Map(wanted), isBinary };
}

/** The matrix `numbers` alone, which goes to the session as it came; undefined when there is anything to say about it. */
function readNumbers(tensors: InputTensor[], target: RowTarget): RowBatch | undefined {
  const [tensor] = tensors;
  const { definition, readMatrix, batches } = target;
  if (!tensor || tensors.length > 1 || tensor.name !== 'numbers') return undefined;
  if (Object.hasOwn(definition.features, 'numbers') || !isNumberType(tensor.datatype)) return undefined;
  if (tensor.width !== Object.keys(definition.features).length) return undefined;
  const columns = readMatrix(tensor.rows, tensor.data);
  return columns && batches.ofColumns(columns);
}

function readOpenInference(given: unknown, target: RowTarget, canBeBinary: boolean): ReadRequest {
  const { definition, readRows, batches, writeReply } = target;
  const body = withBinaryData(given);
  if (!isObject(body)) return refuse('', 'must be an object with inputs');
  refuseUnknownMembers(body, ['id', 'parameters', 'inputs', 'outputs']);
  const { inputs } = body;
  if (!Array.isArray(inputs) || inputs.length === 0) return refuse('/inputs', 'must be an array of tensors');
  if (inputs.length > maxTensors) return refuse('/inputs', `has more than ${maxTensors} tensors`);
  const options = readReplyOptions(body, definition, canBeBinary);
  const write = (answer: Answer) => writeReply(answer, options);
  const tensors = inputs.map(readTensor);
  const rows = tensors[0]?.rows ?? 0;
  for (const tensor of tensors) {
    if (tensor.rows !== rows)
      refuse(`${tensor.pointer}/shape`, `has ${tensor.rows} rows; the first tensor has ${rows}`);
  }
  const matrix = readNumbers(tensors, target);
  if (matrix) return { batch: matrix, write };
  const columns = new Map<string, Column>();
  for (const tensor of tensors) {
    for (const column of columnsOf(tensor, definition)) {
      if (columns.has(column.feature))
        refuse(`${tensor.pointer}/name`, `gives ${column.feature} a second time`);
      columns.set(column.feature, column);
    }
  }
  const pointers: Pointers = (row, name) =>
    name === undefined ? '/inputs' : (columns.get(name)?.pointer(row) ?? `/inputs/${pointerStep(name)}`);
  refuseForeignColumns(tensors, columns, definition);
  const cells = Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(Array.from(columns.values(), ({ feature, values }) => [feature, values[row]])),
  );
  return { batch: batches.ofRows(readRows(cells, pointers)), write };
}

export const openInferenceFormat: WireFormat = (request, limitBytes) => {
  const body = readTensorBody(request, limitBytes);
  const canBeBinary = isLittleEndian && (request.takesBinary ?? true);
  return (target) => readOpenInference(body, target, canBeBinary);
};

/** Tells a tensor that belongs to no feature once, not once for each row. */
function refuseForeignColumns(
  tensors: InputTensor[],
  columns: ReadonlyMap<string, Column>,
  definition: ModelDefinition,
): void {
  const errors: RequestError[] = [];
  for (const { name, pointer } of tensors) {
    if (Object.hasOwn(definition.features, name) || !columns.has(name)) continue;
    const known = [
      ...signatureOf(definition).inputs.map((input) => input.name),
      ...Object.keys(definition.features),
    ];
    errors.push({
      pointer: `${pointer}/name`,
      message: `is no input of ${definition.name}; known are ${known.join(', ')}`,
    });
  }
  const missing = Object.entries(definition.features)
    .filter(([name, feature]) => !columns.has(name) && !feature.mayBeMissing)
    .map(([name]) => name);
  if (missing.length > 0) errors.push({ pointer: '/inputs', message: `lacks ${missing.join(', ')}` });
  if (errors.length > 0) throw requestInvalid(errors.slice(0, 20));
}
