import type { ModelDefinition } from '../model/definition.ts';
import { signatureOf } from '../model/signature.ts';
import { BinaryDocument, compileTextWriter, floatBytes } from './binary-document.ts';
import type { Prediction } from './prediction-record.ts';
import type { Answer } from './wire.ts';

/** What a request says of its reply. */
export interface ReplyOptions {
  id: string | undefined;
  /** By name, whether it comes as bytes. @default - every tensor that there is, as `isBinary` says */
  outputs: ReadonlyMap<string, boolean> | undefined;
  isBinary: boolean;
}

/** An output, and its values either way. */
interface OutputTensor {
  name: string;
  datatype: string;
  shape: number[];
  parameters?: Record<string, string>;
  toData: () => string[] | number[];
  toBytes: () => Uint8Array;
}

/** Writes what POST …/infer answers. */
export type ReplyWriter = (answer: Answer, options: ReplyOptions) => object;

/** A function that writes replies by the Open Inference Protocol: the document, or with its tensors' bytes behind it. */
export function compileReplyWriter({ target }: ModelDefinition): ReplyWriter {
  const tensorsOf = target.type === 'category' ? compileLabelTensors(target.categories) : valueTensors;
  return (answer, { id, outputs, isBinary }) => {
    const { predictionId, traceId, model, version, modelDigest, datasetId, variant, predictions } = answer;
    const bytes: Uint8Array[] = [];
    const written: object[] = [];
    for (const { toData, toBytes, ...tensor } of tensorsOf(predictions)) {
      const comesAsBytes = outputs ? outputs.get(tensor.name) : isBinary;
      if (comesAsBytes === undefined) continue;
      if (comesAsBytes) {
        const own = toBytes();
        bytes.push(own);
        written.push({ ...tensor, parameters: { ...tensor.parameters, binary_data_size: own.length } });
      } else written.push({ ...tensor, data: toData() });
    }
    const document = {
      model_name: model,
      model_version: String(version),
      id: id ?? predictionId,
      parameters: { predictionId, modelDigest, datasetId, traceId, variant },
      outputs: written,
    };
    return bytes.length > 0 ? new BinaryDocument(document, bytes) : document;
  };
}

const labelOf = (prediction: Prediction) => ('label' in prediction ? prediction.label : '');

type TensorMaker = (predictions: readonly Prediction[]) => OutputTensor[];

const valueTensors: TensorMaker = (predictions) => {
  const toData = () => predictions.flatMap((each) => ('value' in each ? [each.value] : []));
  const toBytes = () => floatBytes(toData());
  return [{ name: 'value', datatype: 'FP32', shape: [predictions.length], toData, toBytes }];
};

function compileLabelTensors(classes: readonly string[]): TensorMaker {
  const writeTexts = compileTextWriter(classes);
  const parameters = { classes: JSON.stringify(classes) };
  return (predictions) => {
    const { length } = predictions;
    const label: OutputTensor = {
      name: 'label',
      datatype: 'BYTES',
      shape: [length],
      toData: () => predictions.map(labelOf),
      toBytes: () => writeTexts(predictions, labelOf),
    };
    const [first] = predictions;
    if (!first || !('scores' in first) || !first.scores) return [label];
    const fill = <T extends number[] | Float32Array>(numbers: T): T => {
      let place = 0;
      for (const each of predictions) {
        const scores = 'scores' in each ? each.scores : undefined;
        for (const name of classes) numbers[place++] = scores?.[name] ?? Number.NaN;
      }
      return numbers;
    };
    const size = length * classes.length;
    const shape = [length, classes.length];
    const toData = () => fill(new Array<number>(size));
    const toBytes = () => floatBytes(fill(new Float32Array(size)));
    return [label, { name: 'scores', datatype: 'FP32', shape, parameters, toData, toBytes }];
  };
}

/** What GET /v2/models/{model} answers. */
export function describeModel(definition: ModelDefinition, versions: number[]): object {
  const { inputs, outputs } = signatureOf(definition);
  return {
    name: definition.name,
    versions: versions.map(String),
    platform: 'onnx_onnxv1',
    inputs: inputs.map(({ name, datatype, features }) => ({
      name,
      datatype,
      shape: [-1, features.length],
      parameters: { features: JSON.stringify(features) },
    })),
    outputs:
      'label' in outputs
        ? [
            { name: 'label', datatype: 'BYTES', shape: [-1] },
            {
              name: 'scores',
              datatype: 'FP32',
              shape: [-1, outputs.classes.length],
              parameters: { classes: JSON.stringify(outputs.classes) },
            },
          ]
        : [{ name: 'value', datatype: 'FP32', shape: [-1] }],
  };
}
