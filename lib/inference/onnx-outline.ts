import { type Field, fieldsOf, NotProtobuf, packedNumbers } from './protobuf.ts';

/** A tensor that a graph takes or gives. `dims` holds fixed sizes, null where a size is open; null without a shape. */
export interface OutlinedTensor {
  name: string;
  /** Number in ONNX's TensorProto.DataType; undefined for sequences, maps and other types. */
  elementType: number | undefined;
  dims: (number | null)[] | null;
}

export interface OutlinedNode {
  operator: string;
  domain: string;
}

/** What an ONNX file consists of, as far as admission judges it. */
export interface OnnxOutline {
  domains: string[];
  nodes: OutlinedNode[];
  inputs: OutlinedTensor[];
  outputs: OutlinedTensor[];
  /** Names of the constants of the graph. */
  initializers: string[];
  /** Bytes that all constants, attributes included, take up once they are loaded. */
  constantBytes: number;
  /** Those of the graph's constants, without attributes. */
  tensorBytes: number;
  /** The longest last dimension of one of them: the columns of the widest tensor that a run makes, or nearly so. */
  widest: number;
  /** Parts that may run or load anything: told by what they are. */
  forbidden: string[];
}

// Field numbers of onnx.proto (ONNX 1.23). What is not named here is not known to be harmless, and so refused.
const modelFields = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  domain: 4,
  modelVersion: 5,
  docString: 6,
  graph: 7,
  opsetImport: 8,
  metadata: 14,
} as const;
const plainGraphFields = [2, 10, 13, 14, 16];
const plainNodeFields = [1, 2, 3, 6, 9];
const plainAttributeFields = [1, 2, 3, 4, 7, 8, 9, 13, 20];
const plainTensorFields = [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16];

/** Bytes of one element by TensorProto.DataType; strings are counted by their own length. */
const elementBytes: Record<number, number> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  8: 1,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
  14: 8,
  15: 16,
  16: 2,
};
const widestElement = 16;

const decoder = new TextDecoder('utf-8', { fatal: false });

function bytesOf(field: Field): Uint8Array {
  if (field.kind === 'bytes') return field.value;
  throw new NotProtobuf(`has a number where field ${field.number} has content`);
}

function numberOf(field: Field): number {
  if (field.kind === 'varint') return field.value;
  throw new NotProtobuf(`has content where field ${field.number} has a number`);
}

const textOf = (field: Field) => decoder.decode(bytesOf(field));

/** A repeated number, packed or not. */
function numbersOf(field: Field): Iterable<number> {
  return field.kind === 'bytes' ? packedNumbers(field.value) : [numberOf(field)];
}

/**
 * Lists what an ONNX file consists of, before any runtime sees it.
 *
 * Lists stop at `maxNodes` + 1 nodes, so that a hostile file costs no more than an honest one.
 *
 * @throws NotProtobuf
 */
export function outlineOnnx(file: Uint8Array, maxNodes: number): OnnxOutline {
  const outline: OnnxOutline = {
    domains: [],
    nodes: [],
    inputs: [],
    outputs: [],
    initializers: [],
    constantBytes: 0,
    tensorBytes: 0,
    widest: 0,
    forbidden: [],
  };
  let graphs = 0;
  for (const field of fieldsOf(file)) {
    switch (field.number) {
      case modelFields.graph:
        // Two graph fields would be merged by a reader: what is judged must be what is run.
        graphs++;
        if (graphs > 1) outline.forbidden.push('a second graph');
        outlineGraph(bytesOf(field), outline, maxNodes);
        break;
      case modelFields.opsetImport:
        outline.domains.push(domainOfImport(bytesOf(field)));
        break;
      case 20:
        outline.forbidden.push('training information');
        break;
      case 25:
        outline.forbidden.push('functions');
        break;
      default:
        if (field.number > modelFields.docString && field.number !== modelFields.metadata) {
          outline.forbidden.push(`the unknown model field ${field.number}`);
        }
    }
  }
  if (graphs === 0) throw new NotProtobuf('has no graph');
  return outline;
}

function domainOfImport(message: Uint8Array): string {
  let domain = '';
  for (const field of fieldsOf(message)) if (field.number === 1) domain = textOf(field);
  return domain;
}

function outlineGraph(message: Uint8Array, outline: OnnxOutline, maxNodes: number): void {
  for (const field of fieldsOf(message)) {
    if (field.number === 1) {
      if (outline.nodes.length > maxNodes) continue;
      outline.nodes.push(outlineNode(bytesOf(field), outline));
    } else if (field.number === 5) {
      const { name, bytes, columns } = outlineTensor(bytesOf(field), outline);
      outline.initializers.push(name);
      outline.tensorBytes += bytes;
      outline.widest = Math.max(outline.widest, columns);
    } else if (field.number === 11) outline.inputs.push(outlineValue(bytesOf(field)));
    else if (field.number === 12) outline.outputs.push(outlineValue(bytesOf(field)));
    else if (field.number === 15) outline.forbidden.push('a sparse constant');
    else if (!plainGraphFields.includes(field.number)) {
      outline.forbidden.push(`the unknown graph field ${field.number}`);
    }
  }
}

function outlineNode(message: Uint8Array, outline: OnnxOutline): OutlinedNode {
  const node: OutlinedNode = { operator: '', domain: '' };
  for (const field of fieldsOf(message)) {
    if (field.number === 4) node.operator = textOf(field);
    else if (field.number === 7) node.domain = textOf(field);
    else if (field.number === 5) outlineAttribute(bytesOf(field), node, outline);
    else if (field.number === 8 && bytesOf(field).length > 0) outline.forbidden.push('an operator overload');
    else if (field.number !== 8 && !plainNodeFields.includes(field.number)) {
      outline.forbidden.push(`the unknown node field ${field.number}`);
    }
  }
  return node;
}

function outlineAttribute(message: Uint8Array, node: OutlinedNode, outline: OnnxOutline): void {
  // Numbers and texts; tensors within are counted by the size they declare.
  outline.constantBytes += message.length;
  for (const field of fieldsOf(message, plainAttributeFields)) {
    if (field.number === 5 || field.number === 10) outlineTensor(bytesOf(field), outline);
    else if (field.number === 6 || field.number === 11) outline.forbidden.push('a graph within an operator');
    else if (field.number === 22 || field.number === 23) outline.forbidden.push('a sparse constant');
    else if (field.number !== 21) {
      outline.forbidden.push(`the unknown attribute field ${field.number} of ${node.operator}`);
    } else if (bytesOf(field).length > 0) outline.forbidden.push('an attribute of a function');
  }
}

/** Counts a constant with the size that it declares. */
function outlineTensor(
  message: Uint8Array,
  outline: OnnxOutline,
): { name: string; bytes: number; columns: number } {
  let name = '';
  let type = 0;
  let elements = 1;
  let last = 0;
  for (const field of fieldsOf(message)) {
    if (field.number === 1) {
      for (const size of numbersOf(field)) {
        last = Math.max(0, size);
        elements *= last;
      }
    } else if (field.number === 2) type = numberOf(field);
    else if (field.number === 8) name = textOf(field);
    else if (field.number === 13 || (field.number === 14 && numberOf(field) !== 0)) {
      outline.forbidden.push('data in another file');
    } else if (field.number === 3) outline.forbidden.push('a constant in segments');
    else if (field.number !== 14 && !plainTensorFields.includes(field.number)) {
      outline.forbidden.push(`the unknown constant field ${field.number}`);
    }
  }
  const declared = elements * (elementBytes[type] ?? widestElement);
  const bytes = Math.max(declared, message.length);
  outline.constantBytes += bytes;
  return { name, bytes, columns: last };
}

/** ValueInfoProto: a name and TypeProto.Tensor. */
function outlineValue(message: Uint8Array): OutlinedTensor {
  const tensor: OutlinedTensor = { name: '', elementType: undefined, dims: null };
  for (const field of fieldsOf(message)) {
    if (field.number === 1) tensor.name = textOf(field);
    if (field.number !== 2) continue;
    for (const type of fieldsOf(bytesOf(field))) {
      if (type.number !== 1) continue;
      for (const part of fieldsOf(bytesOf(type))) {
        if (part.number === 1) tensor.elementType = numberOf(part);
        if (part.number === 2) tensor.dims = outlineShape(bytesOf(part));
      }
    }
  }
  return tensor;
}

function outlineShape(message: Uint8Array): (number | null)[] {
  const dims: (number | null)[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number !== 1) continue;
    let size: number | null = null;
    for (const part of fieldsOf(bytesOf(field))) if (part.number === 1) size = numberOf(part);
    dims.push(size);
  }
  return dims;
}
