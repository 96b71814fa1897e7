import { defineModel } from '../../lib/model/definition.ts';

const category = { type: 'category', categories: ['red', 'green', 'blue'] } as const;
const named = <Value>(letter: string, count: number, value: Value) =>
  Array.from({ length: count }, (_, i) => [`${letter}${i}`, value] as const);

/** The model whose data `make-file.ts` writes. */
export const definition = defineModel({
  name: 'bench',
  task: 'classification',
  features: Object.fromEntries([
    ...named('n', 12, { type: 'number' as const, min: -10, max: 10 }),
    ...named('i', 4, { type: 'integer' as const, min: 0, max: 1000 }),
    ...named('c', 3, category),
  ]),
  target: { name: 'y', type: 'category', categories: ['yes', 'no'] },
  train: {},
});
