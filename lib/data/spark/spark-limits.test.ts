import { describe, expect, it } from 'vitest';
import { columnsOf } from '../columns.ts';
import { aDefinition } from '../fixtures/validation.ts';
import { conformanceCases } from './fixtures/conformance-cases.ts';
import { writtenCases } from './fixtures/written-cases.ts';
import { beyondSpark, mostSparkColumns } from './spark-limits.ts';

const weight = { type: 'number' } as const;

function beyond(changes: Parameters<typeof aDefinition>[0]) {
  const definition = aDefinition(changes);
  return beyondSpark(columnsOf(definition));
}

describe('beyondSpark', () => {
  it('finds nothing in what the conformance test compares', async () => {
    for (const { definition } of [...(await conformanceCases()), ...(await writtenCases())]) {
      expect(beyondSpark(columnsOf(definition))).toEqual([]);
    }
  });

  it.each<[string, Parameters<typeof beyond>, RegExp]>([
    [
      'more columns than a plan holds',
      [
        {
          features: Object.fromEntries(Array.from({ length: mostSparkColumns }, (_, i) => [`f${i}`, weight])),
        },
      ],
      /^501 columns; at most 500/,
    ],
  ])('names %s', (_, asked, message) => {
    expect(beyond(...asked)).toEqual([expect.stringMatching(message)]);
  });
});
