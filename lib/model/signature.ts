import type { ModelDefinition } from './definition.ts';
import { isNumeric } from './features.ts';

/**
 * The tensors of a model: what every `model.onnx` must take and give.
 *
 * Features travel in the order of the definition: numbers, integers and booleans as one FP32 matrix [n, k] named
 * `numbers` (missing is NaN, booleans are 0 and 1), categories and texts as one BYTES matrix [n, m] named `texts`
 * (missing is the empty string). A matrix without columns is left out.
 *
 * Classifiers give `label` (BYTES [n]) and may give `scores` (FP32 [n, classes], in the order of `classes`).
 * Regressors give `value` (FP32 [n] or [n, 1]).
 */
export interface Signature {
  inputs: { name: 'numbers' | 'texts'; datatype: 'FP32' | 'BYTES'; features: string[] }[];
  outputs: { label: 'label'; scores: 'scores'; classes: string[] } | { value: 'value' };
}

export function signatureOf(definition: ModelDefinition): Signature {
  const names = Object.entries(definition.features);
  const numbers = names.filter(([, feature]) => isNumeric(feature)).map(([name]) => name);
  const texts = names.filter(([, feature]) => !isNumeric(feature)).map(([name]) => name);
  const inputs: Signature['inputs'] = [];
  if (numbers.length > 0) inputs.push({ name: 'numbers', datatype: 'FP32', features: numbers });
  if (texts.length > 0) inputs.push({ name: 'texts', datatype: 'BYTES', features: texts });
  const { target } = definition;
  return {
    inputs,
    outputs:
      target.type === 'category'
        ? { label: 'label', scores: 'scores', classes: target.categories }
        : { value: 'value' },
  };
}
