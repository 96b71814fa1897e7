import type { ModelDefinition } from '../model/definition.ts';
import { signatureOf } from '../model/signature.ts';
import { EvergreenError } from '../shared/errors.ts';
import { type OnnxOutline, type OutlinedTensor, outlineOnnx } from './onnx-outline.ts';
import { NotProtobuf } from './protobuf.ts';

/** Sizes beyond which a model is not served, whatever it answers. */
export interface AdmissionLimits {
  fileBytes: number;
  nodes: number;
  constantBytes: number;
}

export const admissionLimits: AdmissionLimits = {
  fileBytes: 200 * 1024 * 1024,
  nodes: 1000,
  constantBytes: 256 * 1024 * 1024,
};

const servedDomains = ['', 'ai.onnx', 'ai.onnx.ml'];

/** Operators that run a graph of their own or answer differently each time. */
const refusedOperators = new Set([
  'Loop',
  'If',
  'Scan',
  'SequenceMap',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
]);

const floatType = 1;
const stringType = 8;
const typeNames: Record<number, string> = {
  1: 'float',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'double',
};

const otherFormats: [magic: number[], format: string][] = [
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive (as PyTorch and NumPy write)'],
  [[0x1f, 0x8b], 'gzip'],
  [[0x89, 0x48, 0x44, 0x46], 'HDF5 (as Keras writes)'],
  [[0x7b], 'JSON'],
  [[0x78, 0x9c], 'zlib (as joblib writes)'],
  [[0x42, 0x5a, 0x68], 'bzip2'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'xz'],
  [[0x7f, 0x45, 0x4c, 0x46], 'an executable'],
];

interface WantedTensor {
  elementType: number;
  ranks: number[];
  columns: number | undefined;
  isRequired: boolean;
}

function refuse(message: string): never {
  throw new EvergreenError('model-inadmissible', message);
}

/** Text from a stranger's file, fit to be shown. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function otherFormatOf(file: Uint8Array): string | undefined {
  const [first = 0, second = 0] = file;
  // PROTO of pickle's protocols 2 to 5, the only ones with a magic number.
  if (first === 0x80 && second >= 2 && second <= 5)
    return 'a Python pickle, which runs code when it is loaded';
  return otherFormats.find(([magic]) => magic.every((byte, place) => file[place] === byte))?.[1];
}

/**
 * Refuses a file that is not an ONNX model which may be served with the definition. No runtime is involved.
 *
 * @returns What the file consists of.
 * @throws EvergreenError `model-inadmissible` that says what was found.
 */
export function admitModel(
  file: Uint8Array,
  definition: ModelDefinition,
  limits: AdmissionLimits = admissionLimits,
): OnnxOutline {
  if (file.length === 0) refuse('model.onnx is empty');
  if (file.length > limits.fileBytes) {
    refuse(`model.onnx has ${file.length} bytes; at most ${limits.fileBytes} are served`);
  }
  const other = otherFormatOf(file);
  if (other) refuse(`model.onnx is no ONNX model but ${other}; export the model as ONNX`);
  const outline = readOutline(file, limits);
  refuseContent(outline, limits);
  const { inputs, outputs } = wantedTensors(definition);
  // Until IR version 3 constants had to be listed as inputs too; a caller cannot set those of ours.
  const given = outline.inputs.filter(({ name }) => !outline.initializers.includes(name));
  const hidden = Object.keys(inputs).find((name) => outline.initializers.includes(name));
  if (hidden) refuse(`model.onnx replaces its input ${hidden} by a constant`);
  matchTensors('input', given, inputs);
  matchTensors('output', outline.outputs, outputs);
  return outline;
}

function readOutline(file: Uint8Array, limits: AdmissionLimits): OnnxOutline {
  try {
    return outlineOnnx(file, limits.nodes);
  } catch (thrown) {
    if (thrown instanceof NotProtobuf) refuse(`model.onnx is no ONNX model: it ${thrown.message}`);
    throw thrown;
  }
}

function refuseContent(outline: OnnxOutline, limits: AdmissionLimits): void {
  const [forbidden] = outline.forbidden;
  if (forbidden) refuse(`model.onnx holds ${forbidden}, which is never served`);
  if (outline.domains.length === 0) refuse('model.onnx is no ONNX model: it names no operator set');
  if (outline.nodes.length > limits.nodes) {
    refuse(`model.onnx has more than ${limits.nodes} operators; simplify the model`);
  }
  if (outline.constantBytes > limits.constantBytes) {
    refuse(`the constants of model.onnx take up more than ${limits.constantBytes} bytes`);
  }
  const domain = [...outline.domains, ...outline.nodes.map((node) => node.domain)].find(
    (name) => !servedDomains.includes(name),
  );
  if (domain !== undefined) {
    refuse(`model.onnx uses the operator domain ${shown(domain)}; ai.onnx and ai.onnx.ml are served`);
  }
  const operator = outline.nodes.map((node) => node.operator).find((name) => refusedOperators.has(name));
  if (operator) refuse(`model.onnx uses the operator ${operator}, which is never served`);
}

function wantedTensors(
  definition: ModelDefinition,
): Record<'inputs' | 'outputs', Record<string, WantedTensor>> {
  const { inputs, outputs } = signatureOf(definition);
  const wanted = inputs.map(({ name, datatype, features }) => [
    name,
    {
      elementType: datatype === 'FP32' ? floatType : stringType,
      ranks: [2],
      columns: features.length,
      isRequired: true,
    },
  ]);
  return {
    inputs: Object.fromEntries(wanted),
    outputs:
      'label' in outputs
        ? {
            label: { elementType: stringType, ranks: [1], columns: undefined, isRequired: true },
            scores: {
              elementType: floatType,
              ranks: [2],
              columns: outputs.classes.length,
              isRequired: false,
            },
          }
        : { value: { elementType: floatType, ranks: [1, 2], columns: 1, isRequired: true } },
  };
}

function matchTensors(
  side: 'input' | 'output',
  tensors: OutlinedTensor[],
  wanted: Record<string, WantedTensor>,
): void {
  const names = tensors.map(({ name }) => name);
  const missing = Object.keys(wanted).find((name) => wanted[name]?.isRequired && !names.includes(name));
  if (missing)
    refuse(`model.onnx has no ${side} ${missing}; it has ${names.map(shown).join(', ') || 'none'}`);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) refuse(`model.onnx has the ${side} ${shown(twice)} twice`);
  for (const tensor of tensors) {
    const rule = Object.hasOwn(wanted, tensor.name) ? wanted[tensor.name] : undefined;
    if (!rule) {
      refuse(
        `model.onnx has the ${side} ${shown(tensor.name)}; the definition asks for ${Object.keys(wanted).join(', ')}`,
      );
    }
    matchTensor(side, tensor, rule);
  }
}

function matchTensor(side: 'input' | 'output', tensor: OutlinedTensor, rule: WantedTensor): void {
  const what = `${side} ${tensor.name} of model.onnx`;
  if (tensor.elementType !== rule.elementType) {
    const found =
      tensor.elementType === undefined
        ? 'no tensor'
        : (typeNames[tensor.elementType] ?? `type ${tensor.elementType}`);
    refuse(`${what} is ${found}; it must be ${typeNames[rule.elementType]}`);
  }
  if (tensor.dims === null) {
    // Some converters leave out the shape of outputs; the session's answers are checked against it anyway.
    if (side === 'output') return;
    refuse(`${what} has no shape; it must be [n, ${rule.columns}]`);
  }
  const [rows, columns] = tensor.dims;
  if (!rule.ranks.includes(tensor.dims.length)) {
    refuse(`${what} has ${tensor.dims.length} dimensions; it must have ${rule.ranks.join(' or ')}`);
  }
  if (rows !== null) refuse(`${what} takes exactly ${rows} rows at once; the first dimension must be open`);
  if (columns !== undefined && columns !== null && columns !== rule.columns) {
    refuse(`${what} has ${columns} columns; the definition has ${rule.columns}`);
  }
}
