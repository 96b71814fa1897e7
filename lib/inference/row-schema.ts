import type { ModelDefinition } from '../model/definition.ts';
import { areBuckets } from '../model/disguise.ts';
import type { Feature } from '../model/features.ts';
import { maxRows } from './wire.ts';

/** JSON Schema of 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Models take 32-bit numbers: from here on, 2^128 - 2^103, they become infinite. */
const tooLarge = 3.4028235677973366e38;

function valueSchema(feature: Feature): { type: string } & JsonSchema {
  switch (feature.type) {
    case 'number':
      return {
        type: 'number',
        ...(feature.min === undefined ? { exclusiveMinimum: -tooLarge } : { minimum: feature.min }),
        ...(feature.max === undefined ? { exclusiveMaximum: tooLarge } : { maximum: feature.max }),
      };
    case 'integer':
      return {
        type: 'integer',
        minimum: feature.min ?? Number.MIN_SAFE_INTEGER,
        maximum: feature.max ?? Number.MAX_SAFE_INTEGER,
      };
    case 'boolean':
      return { type: 'boolean' };
    case 'category':
      // Any text falls into one of the buckets.
      if (areBuckets(feature.categories)) {
        return { type: 'string', ...(feature.mayBeMissing ? {} : { minLength: 1 }) };
      }
      return { type: 'string', enum: feature.categories };
    case 'text':
      return {
        type: 'string',
        maxLength: feature.maxLength,
        // The runtime reads texts up to the first zero byte.
        pattern: '^[^\\u0000]*$',
        ...(feature.mayBeMissing ? {} : { minLength: 1 }),
      };
  }
}

/** What a cell of a row may be; null is missing, and of words the empty one as well. */
export function cellSchema(feature: Feature): JsonSchema {
  const { type, ...rest } = valueSchema(feature);
  const { description } = feature;
  const unit = 'unit' in feature ? feature.unit : undefined;
  const said = [description, unit && `in ${unit}`].filter(Boolean).join(', ');
  const values = rest.enum;
  return {
    ...rest,
    type: feature.mayBeMissing ? [type, 'null'] : type,
    ...(feature.mayBeMissing && Array.isArray(values) ? { enum: [...values, '', null] } : {}),
    ...(said === '' ? {} : { description: said }),
  };
}

/** A row of the friendly form, which is one object. */
export function rowSchema({ features }: ModelDefinition): JsonSchema {
  const all = Object.entries(features);
  return {
    type: 'object',
    properties: Object.fromEntries(all.map(([name, feature]) => [name, cellSchema(feature)])),
    required: all.filter(([, { mayBeMissing }]) => !mayBeMissing).map(([name]) => name),
    additionalProperties: false,
  };
}

export const rowsOf = (items: JsonSchema, maxItems = maxRows): JsonSchema => ({
  type: 'array',
  items,
  minItems: 1,
  maxItems,
});

export const objectOf = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** In an array, where NumPy has numbers for booleans. */
function arrayCellSchema(feature: Feature): JsonSchema {
  if (feature.type !== 'boolean') return cellSchema(feature);
  return { enum: [true, false, 1, 0, ...(feature.mayBeMissing ? [null] : [])] };
}

/** The shapes of /invocations that can be told exactly. */
export function invocationsSchema(definition: ModelDefinition, row: JsonSchema): JsonSchema {
  const cells = Object.values(definition.features).map(arrayCellSchema);
  const array = { type: 'array', prefixItems: cells, items: false, minItems: cells.length };
  const columns = { const: Object.keys(definition.features) };
  return {
    anyOf: [
      rowsOf(row),
      ...['dataframe_records', 'instances', 'inputs'].map((name) => objectOf({ [name]: rowsOf(row) })),
      objectOf({ dataframe_split: objectOf({ columns, data: rowsOf(array) }) }),
    ],
  };
}
