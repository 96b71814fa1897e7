import { describe, expect, it } from 'vitest';
import { memoryObjects } from './fixtures/memory-objects.ts';
import { aDefinition, fruitHeader, fruitRows, validate } from './fixtures/validation.ts';

const definition = aDefinition();
const csv = (...rows: string[]) => [fruitHeader, ...rows, ''].join('\n');

describe('validateDataset, again', () => {
  const content = csv(...fruitRows(60), 'x,1,red,apple');

  it('writes the same objects after each place where the process may die', async () => {
    const whole = await validate(definition, content);
    const files = whole.store.written.length;
    for (let nth = 1; nth <= files; nth++) {
      const store = memoryObjects();
      store.failWrite(nth);
      await expect(validate(definition, content, { store })).rejects.toThrow('the process died here');
      expect([...store.objects.keys()].filter((key) => key.endsWith('manifest.json'))).toEqual([]);
      await validate(definition, content, { store });
      expect(store.digests()).toEqual(whole.store.digests());
    }
  });

  it('answers a dataset that is there as it is', async () => {
    const { store, outcome } = await validate(definition, content);
    const [before, writes] = [store.digests(), store.written.length];
    const again = await validate(definition, content, {
      store,
      runId: 'run-2',
      now: new Date('2027-01-01T00:00:00Z'),
    });
    expect(again.outcome).toEqual(outcome);
    expect(store.digests()).toEqual(before);
    expect(store.written).toHaveLength(writes);
  });
});
