import { describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../shared/random.ts';
import { aDefinition, validate } from './fixtures/validation.ts';

const machine = vi.hoisted(() => ({ cores: 1 }));
vi.mock('node:os', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:os')>()),
  availableParallelism: () => machine.cores,
}));

const definition = aDefinition({
  task: 'regression',
  features: {
    weight: {
      type: 'number',
      outliers: { method: 'z-score' },
      mayBeMissing: true,
      impute: { strategy: 'mean' },
    },
    seeds: { type: 'integer', min: 0 },
    colour: { type: 'category', categories: ['red', 'green'], mayBeMissing: true },
    grower: { type: 'text' },
  },
  target: { name: 'price', type: 'number' },
});

/** Rows enough for several cores to read, of numbers whose sum depends on the order in which they are added. */
function manyRows(quote: string): string {
  const random = seededRandom(11);
  const rows = Array.from({ length: 260_000 }, (_, row) => {
    const weight = random() < 0.01 ? '' : ((random() - 0.5) * 10 ** (12 * random())).toPrecision(12);
    const colour = ['red', 'green', '', 'blue'][Math.floor(random() * (random() < 0.001 ? 4 : 3))];
    const seeds = row % 997 === 0 ? 'many' : Math.floor(40 * random());
    return `${weight},${seeds},${colour},${quote}grower ${Math.floor(900 * random())}${quote},${random().toFixed(9)}`;
  });
  return ['weight,seeds,colour,grower,price', ...rows, ...rows.slice(0, 500), ''].join('\n');
}

describe('validateDataset, on machines of other sizes', () => {
  it.each([
    ['a file without quotes, which several cores read', ''],
    ['a file with quotes', '"'],
  ])('writes the same bytes of %s with one core as with four', { timeout: 120_000 }, async (_, quote) => {
    const content = manyRows(quote);
    const write = async (cores: number, memoryLimit: string) => {
      machine.cores = cores;
      const { store, outcome } = await validate(definition, content, {
        maxSourceBytes: 100_000_000,
        memoryLimit,
      });
      expect(outcome.verdict).toBe('accepted');
      return store.digests();
    };
    // An instance of the database serves each limit of memory, with the cores that it found.
    const alone = await write(1, '1001MB');
    expect(await write(4, '1004MB')).toEqual(alone);
    expect(await write(4, '1004MB')).toEqual(alone);
  });
});
