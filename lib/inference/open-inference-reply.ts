import type { ModelDefinition } from '../model/definition.ts';
import { signatureOf } from '../model/signature.ts';
import type { Prediction } from './prediction-record.ts';
import type { Answer } from './wire.ts';

/** What a request says of its reply. */
export interface ReplyOptions {
  id: string | undefined;
  outputs: string[] | undefined;
}

/** What POST …/infer answers. */
export function writeReply(
  answer: Answer,
  definition: ModelDefinition,
  { id, outputs }: ReplyOptions,
): object {
  const { predictionId, traceId, model, version, modelDigest, datasetId, variant, predictions } = answer;
  return {
    model_name: model,
    model_version: String(version),
    id: id ?? predictionId,
    parameters: { predictionId, modelDigest, datasetId, traceId, variant },
    outputs: outputTensors(predictions, definition).filter(({ name }) => outputs?.includes(name) ?? true),
  };
}

function outputTensors(predictions: readonly Prediction[], { target }: ModelDefinition) {
  const shape = [predictions.length];
  if (target.type === 'number') {
    const data = predictions.flatMap((each) => ('value' in each ? [each.value] : []));
    return [{ name: 'value', datatype: 'FP32', shape, data }];
  }
  const classes = target.categories;
  const labels = new Array<string>(predictions.length);
  const scores: (number | undefined)[] = [];
  for (const [row, each] of predictions.entries()) {
    if (!('label' in each)) continue;
    labels[row] = each.label;
    if (each.scores) for (const name of classes) scores.push(each.scores[name]);
  }
  const label = { name: 'label', datatype: 'BYTES', shape, data: labels };
  if (scores.length === 0) return [label];
  return [
    label,
    {
      name: 'scores',
      datatype: 'FP32',
      shape: [...shape, classes.length],
      data: scores,
      parameters: { classes: JSON.stringify(classes) },
    },
  ];
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
