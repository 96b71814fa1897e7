import { type Field, fieldsOf } from './protobuf.ts';

/**
 * The tensor of a model that says which class each row is by its number, and the labels by these numbers.
 *
 * A label is a text, and a text of the runtime takes longer to come out of it than a small model to run: of 1,000 rows of
 * Iris 120 of 160 µs.
 */
export interface ClassNumbers {
  tensor: string;
  labels: readonly string[];
}

// Field numbers of onnx.proto.
const modelGraph = 7;
const graphNode = 1;
const graphInitializer = 5;
const graphOutput = 12;
const stringType = 8;

const decoder = new TextDecoder();
const textOf = (field: Field) => (field.kind === 'bytes' ? decoder.decode(field.value) : '');

interface Node {
  operator: string;
  inputs: string[];
  outputs: string[];
  /** Whether an attribute says anything but nought. */
  isPlain: boolean;
}

function readNode(message: Uint8Array): Node {
  const node: Node = { operator: '', inputs: [], outputs: [], isPlain: true };
  for (const field of fieldsOf(message)) {
    if (field.number === 1) node.inputs.push(textOf(field));
    else if (field.number === 2) node.outputs.push(textOf(field));
    else if (field.number === 4) node.operator = textOf(field);
    else if (field.number === 5 && field.kind === 'bytes') {
      for (const part of fieldsOf(field.value)) {
        if (part.number === 3 && part.kind === 'varint' && part.value !== 0) node.isPlain = false;
      }
    }
  }
  return node;
}

/** The texts of a constant by this name; undefined when it is none of texts. */
function readTexts(message: Uint8Array, name: string): string[] | undefined {
  const texts: string[] = [];
  let isOfTexts = false;
  let isWanted = false;
  for (const field of fieldsOf(message)) {
    if (field.number === 2) isOfTexts = field.kind === 'varint' && field.value === stringType;
    else if (field.number === 6) texts.push(textOf(field));
    else if (field.number === 8) isWanted = textOf(field) === name;
  }
  return isOfTexts && isWanted ? texts : undefined;
}

function messagesOf(message: Uint8Array, number: number): Uint8Array[] {
  return [...fieldsOf(message)].flatMap((field) =>
    field.number === number && field.kind === 'bytes' ? [field.value] : [],
  );
}

/**
 * Finds the numbers of classes in a model that was admitted (admission.ts): where its labels are gathered from a table of
 * texts, as our trainers write it. Undefined in all other models, whose labels are read as texts.
 */
export function findClassNumbers(model: Uint8Array): ClassNumbers | undefined {
  const [graph] = messagesOf(model, modelGraph);
  if (!graph) return undefined;
  const nodes = messagesOf(graph, graphNode).map(readNode);
  const lookup = nodes.find(({ outputs }) => outputs.includes('label'));
  const [table = '', tensor = ''] = lookup?.inputs ?? [];
  // The one attribute is the axis, which a table of labels has but one of.
  if (lookup?.operator !== 'Gather' || !lookup.isPlain) return undefined;
  if (!nodes.some(({ outputs }) => outputs.includes(tensor))) return undefined;
  for (const constant of messagesOf(graph, graphInitializer)) {
    const labels = readTexts(constant, table);
    if (labels) return { tensor, labels };
  }
  return undefined;
}

function field(number: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  for (let left = content.length; ; left >>>= 7) {
    if (left < 0x80) {
      length.push(left);
      break;
    }
    length.push((left & 0x7f) | 0x80);
  }
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), content]);
}

/**
 * The model with one of its tensors as an output more.
 *
 * A second graph that holds nothing else is merged into the first by whoever reads it.
 *
 * Source: protobuf.dev, "Encoding", Last One Wins.
 */
export function withOutput(model: Uint8Array, tensor: string): Uint8Array {
  const value = field(1, Buffer.from(tensor));
  return Buffer.concat([model, field(modelGraph, field(graphOutput, value))]);
}
