import { describe, expect, it } from 'vitest';
import { columnsOf } from '../columns.ts';
import { aDefinition } from '../fixtures/validation.ts';
import { conformanceCases } from './fixtures/conformance-cases.ts';
import { beyondSpark, isPortablePattern, mostSparkColumns } from './spark-limits.ts';

const csv = { format: 'csv', isGzip: false } as const;
const weight = { type: 'number' } as const;

function beyond(
  changes: Parameters<typeof aDefinition>[0],
  recognised: Parameters<typeof beyondSpark>[2] = csv,
) {
  const definition = aDefinition(changes);
  return beyondSpark(definition, columnsOf(definition), recognised);
}

describe('beyondSpark', () => {
  it('finds nothing in what the conformance test compares', async () => {
    for (const { definition } of await conformanceCases()) {
      expect(beyondSpark(definition, columnsOf(definition), csv)).toEqual([]);
    }
  });

  it.each<[string, Parameters<typeof beyond>, RegExp]>([
    ['JSON lines', [{}, { format: 'jsonl', isGzip: false }], /^JSON lines/],
    ['gzip', [{}, { format: 'csv', isGzip: true }], /^gzip/],
    ['a seeded split', [{ data: { split: { method: 'seeded', seed: 1 } } }], /^the split "seeded"/],
    [
      'more columns than a plan holds',
      [
        {
          features: Object.fromEntries(Array.from({ length: mostSparkColumns }, (_, i) => [`f${i}`, weight])),
        },
      ],
      /^501 columns; at most 500/,
    ],
    [
      'units',
      [{ features: { weight: { ...weight, unit: 'g', units: { kg: 1000 } } } }],
      /^numbers with units/,
    ],
    [
      'spellings made one',
      [
        {
          features: { colour: { type: 'category', categories: ['red', 'green'], normalise: { trim: true } } },
        },
      ],
      /^the normalisation/,
    ],
    [
      'generalised values',
      [{ features: { weight: { ...weight, personalData: 'contact', generalise: { width: 10 } } } }],
      /^generalised values/,
    ],
    [
      'a look at all rows',
      [{ data: { checks: { personalData: { sampleRows: 0 } } } }],
      /^a look at every row/,
    ],
    [
      'sources told by a number',
      [{ data: { checks: { sources: { column: 'weight' } } } }],
      /^sources told by a column of type number/,
    ],
    [
      'a pattern that Java reads otherwise',
      [
        {
          data: {
            columns: { shop: { type: 'text' } },
            checks: { patterns: [{ column: 'shop', pattern: '[a-z&&b]+' }] },
          },
        },
      ],
      /^the pattern \[a-z&&b\]\+/,
    ],
  ])('names %s', (_, asked, message) => {
    expect(beyond(...asked)).toEqual([expect.stringMatching(message)]);
  });
});

describe('isPortablePattern', () => {
  it.each(['[a-z]+-\\d{1,2}', '(?:ab|c)*', '^\\w+\\.txt$', '[^,]{3,}', 'a.b', '\\(\\d+\\)'])(
    'takes %s',
    (pattern) => {
      expect(isPortablePattern(pattern)).toBe(true);
    },
  );

  it.each(['(?i)a', '(?P<n>a)', '\\bword\\b', '\\s+', '[[:alpha:]]', '\\pL', 'a\\Qb\\E', 'a$b'])(
    'leaves %s to DuckDB',
    (pattern) => {
      expect(isPortablePattern(pattern)).toBe(false);
    },
  );
});
