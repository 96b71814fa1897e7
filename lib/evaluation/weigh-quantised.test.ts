import { describe, expect, it } from 'vitest';
import { trainedPrices } from '../inference/fixtures/models.ts';
import type { ModelSession } from '../inference/session.ts';
import { EvergreenError } from '../shared/errors.ts';
import { type LoadedFile, weighQuantised } from './weigh-quantised.ts';

const rows = Array.from({ length: 40 }, (_, place) => ({ size: place, rooms: 2, price: 100 + place }));

/** Of prices, a file whose answers are off by a share of the truth. */
function offBy(error: (place: number) => number): LoadedFile {
  const session: ModelSession = {
    predict: async (some) => some.map(({ size }) => ({ value: 100 + Number(size) + error(Number(size)) })),
    answer: () => Promise.reject(new Error('rows are asked for')),
    release: async () => undefined,
  };
  return { request: trainedPrices(), session };
}

const alternating = (size: number) => (place: number) => (place % 2 === 0 ? size : -size);
const full = offBy(alternating(1));

describe('weighQuantised', () => {
  it('allows the error of a regression to grow by so much, in its units', async () => {
    const quantised = offBy(alternating(1.25));
    const weighed = await weighQuantised({ full, quantised, rows, mostLoss: 0.25 });
    expect(weighed).toMatchObject({ metric: 'rmse', verdict: 'served', full: { value: 1 } });
    expect(weighed.loss).toBeCloseTo(0.25, 12);
    expect(weighed.interval?.low).toBeCloseTo(0.25, 12);
    expect(weighed.reason).toMatch(
      /^rmse is 1\.25 with int8 weights and 1 without, a loss of 0\.25; at most 0\.25/,
    );
    expect(await weighQuantised({ full, quantised, rows, mostLoss: 0.24 })).toMatchObject({
      verdict: 'refused',
    });
  });

  it('calls what is better a negative loss', async () => {
    const weighed = await weighQuantised({ full, quantised: offBy(alternating(0.5)), rows, mostLoss: 0 });
    expect(weighed).toMatchObject({ verdict: 'served', loss: -0.5 });
  });

  it('refuses what was not measured', async () => {
    const quantised = offBy(() => Number.NaN);
    const weighed = await weighQuantised({ full, quantised, rows, mostLoss: 1e9 });
    expect(weighed).toMatchObject({ verdict: 'refused', loss: null, interval: null });
    expect(await weighQuantised({ full, quantised: full, rows: [], mostLoss: 1e9 })).toMatchObject({
      verdict: 'refused',
      loss: null,
    });
  });

  it('refuses a file that cannot answer, and passes on what speaks against the run', async () => {
    const failing = (code: 'model-failed' | 'internal'): LoadedFile => ({
      ...full,
      session: { ...full.session, predict: () => Promise.reject(new EvergreenError(code, 'no')) },
    });
    const weigh = (quantised: LoadedFile) => weighQuantised({ full, quantised, rows, mostLoss: 1 });
    expect(await weigh(failing('model-failed'))).toMatchObject({
      verdict: 'refused',
      reason: 'the int8 file cannot answer the held-out rows: no; the full file is served',
    });
    await expect(weigh(failing('internal'))).rejects.toMatchObject({ code: 'internal' });
  });
});
