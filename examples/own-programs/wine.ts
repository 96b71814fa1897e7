import type { ModelDefinitionInput } from '../../lib/model/definition.ts';

/** What was measured of each wine. Source: `load_wine` of scikit-learn, a copy of UCI's wine recognition data. */
export const measurements = Object.fromEntries(
  [
    'alcohol',
    'malic_acid',
    'ash',
    'alcalinity_of_ash',
    'magnesium',
    'total_phenols',
    'flavanoids',
    'nonflavanoid_phenols',
    'proanthocyanins',
    'color_intensity',
    'hue',
    'dilution',
    'proline',
  ].map((name) => [name, { type: 'number', min: 0, max: 2000 }]),
) satisfies ModelDefinitionInput['features'];

export const cultivars = ['first', 'second', 'third'];
