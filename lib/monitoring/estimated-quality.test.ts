import { describe, expect, it } from 'vitest';
import { seededRandom } from '../shared/random.ts';
import { answerReference } from './answer-reference.ts';
import { judgeCalibration } from './calibration.ts';
import { estimateQuality } from './estimated-quality.ts';
import { anEvaluation } from './fixtures/evaluations.ts';
import { answerAt, countsOf, draw, estimate, limits, referenceOf } from './fixtures/quality-odds.ts';

const repeats = 200;
const each = <Value>(of: (seed: number) => Value) => Array.from({ length: repeats }, (_, seed) => of(seed));

describe('estimateQuality', { timeout: 30_000 }, () => {
  it.each([0, 0.5, 1, 2])(
    'has the accuracy of a calibrated model within its band at a shift of %d',
    (shift) => {
      const runs = each((seed) => estimate(seed, { shift }));
      const inside = runs.filter(({ found: { interval }, actual }) => {
        const [low, high] = interval ?? [1, 0];
        return actual >= low && actual <= high;
      });
      expect(inside.length / repeats).toBeGreaterThanOrEqual(0.93);
      const misses = runs.map(({ found, actual }) => Math.abs((found.accuracy ?? 0) - actual));
      expect(misses.reduce((sum, miss) => sum + miss, 0) / repeats).toBeLessThan(0.012);
    },
  );

  it.each([0, 0.5, 1, 2])(
    'has the ROC-AUC of a calibrated model within its band at a shift of %d',
    (shift) => {
      const runs = each((seed) => estimate(seed, { shift }));
      const inside = runs.filter(({ found, auc }) => {
        const [low, high] = found.auc?.interval ?? [1, 0];
        return auc >= low && auc <= high;
      });
      expect(inside.length / repeats).toBeGreaterThanOrEqual(0.93);
      // A band that holds everything would tell nothing.
      const widths = runs.map(({ found }) => (found.auc ? found.auc.interval[1] - found.auc.interval[0] : 1));
      expect(Math.max(...widths)).toBeLessThan(shift < 2 ? 0.15 : 0.5);
      const missed = runs.map(({ found, auc }) => (found.auc?.value ?? 0) - auc);
      expect(Math.abs(missed.reduce((sum, miss) => sum + miss, 0) / repeats)).toBeLessThan(0.005);
    },
  );

  it('has no ROC-AUC of three classes, of hours without bins, or where nearly all are of one class', () => {
    const reference = referenceOf(seededRandom(1), 2000, 1);
    const rows = draw(seededRandom(2), 500, 0).map(({ x }) => answerAt(x, 1));
    const of = (counts: ReturnType<typeof countsOf>) =>
      estimateQuality(reference, counts, [], limits, false)?.auc;
    const counts = countsOf(rows);
    expect(of(counts)?.value).toBeGreaterThan(0.7);
    expect(of({ ...counts, ranks: [] })).toBeNull();
    expect(of(countsOf(rows.map(({ label }) => ({ label, scores: { a: 0.2, b: 0.3, c: 0.5 } }))))).toBeNull();
    expect(of(countsOf(rows.map(() => ({ label: 'b', scores: { a: 0.001, b: 0.999 } }))))).toBeNull();
  });

  it('has the macro F1 within three points', () => {
    const misses = each((seed) => estimate(seed, { shift: 0.5 })).map(({ found, f1 }) =>
      Math.abs((found.f1 ?? 0) - f1),
    );
    expect(misses.reduce((sum, miss) => sum + miss, 0) / repeats).toBeLessThan(0.015);
    expect(Math.max(...misses)).toBeLessThan(0.06);
  });

  it('trusts a calibrated model, shifted or not', () => {
    for (const shift of [0, 0.5]) {
      const doubted = each((seed) => estimate(seed, { shift })).filter(
        ({ found }) => found.verdict === 'not trusted',
      );
      expect(doubted.length / repeats).toBeLessThan(0.02);
    }
  });

  it('does not trust a model that is surer than it should be', () => {
    const trusted = each((seed) => estimate(seed, { sharpness: 2.5 })).filter(
      ({ found }) => found.verdict !== 'not trusted',
    );
    expect(trusted).toEqual([]);
    expect(estimate(1, { sharpness: 2.5 }).found.reason).toContain('scores of the held-out rows miss');
  });

  it('is contradicted by labels when the world has turned, and by them alone', () => {
    const turned = { turned: 0.5 };
    const unlabelled = each((seed) => estimate(seed, turned));
    // Without labels nothing can tell: that is what the estimate cannot see.
    expect(unlabelled.filter(({ found }) => found.verdict !== 'not trusted').length).toBeGreaterThan(
      repeats * 0.95,
    );
    const labelled = each((seed) => estimate(seed, turned, { labelled: 100 }));
    const flagged = labelled.filter(({ found }) => found.reconciliation?.isContradicted);
    expect(flagged.length / repeats).toBeGreaterThan(0.95);
    const same = each((seed) => estimate(seed, {}, { labelled: 100 }));
    expect(same.filter(({ found }) => found.reconciliation?.isContradicted).length / repeats).toBeLessThan(
      0.03,
    );
  });

  it('says nothing of scores where no held-out row was', () => {
    const random = seededRandom(1);
    const reference = referenceOf(random, 2000, 1);
    if (reference.kind !== 'classification') throw new Error('no classification');
    const calibration = (reference.calibration ?? []).map((bin, place) =>
      place < 9 ? bin : { rows: 0, confidence: null, accuracy: null },
    );
    const counts = countsOf(Array.from({ length: 200 }, () => answerAt(3, 1)));
    const found = estimateQuality({ ...reference, calibration }, counts, [], limits, false);
    expect(found?.doubts).toEqual(['100.0 % of the scores lie where fewer than 10 held-out rows did']);
  });

  it('is low only when its whole band is', () => {
    const reference = referenceOf(seededRandom(3), 4000, 1);
    const live = draw(seededRandom(4), 4000, 0).map(({ x }) => answerAt(x, 1));
    const of = (limit: number) => estimateQuality(reference, countsOf(live), [], { ...limits, limit }, false);
    const accuracy = of(0)?.accuracy ?? 0;
    expect(of(accuracy + 0.005)?.verdict).toBe('ok');
    expect(of(accuracy + 0.05)?.verdict).toBe('low');
    const doubted = estimateQuality(reference, countsOf(live), [], { ...limits, limit: 0.99 }, true);
    expect(doubted).toMatchObject({ verdict: 'not trusted' });
    expect(doubted?.reason).toContain('mean something else now');
  });

  it('says of a version without scores that it has none, and nothing of a regression', () => {
    const reference = answerReference(anEvaluation());
    const found = estimateQuality(reference, countsOf([{ label: 'setosa' }]), [], limits, false);
    expect(found).toMatchObject({ verdict: 'not trusted', accuracy: null });
    expect(found?.reason).toContain('gives no scores');
    const regression = {
      kind: 'regression' as const,
      values: { edges: [], counts: [] },
      errors: { edges: [], counts: [] },
      slices: [],
    };
    expect(estimateQuality(regression, countsOf([]), [], limits, false)).toBeNull();
    expect(estimateQuality(null, countsOf([]), [], limits, false)).toBeNull();
  });

  it('waits for enough rows', () => {
    expect(estimate(1, {}, { rows: 99 }).found).toMatchObject({ verdict: 'not enough data', accuracy: null });
  });
});

describe('judgeCalibration', () => {
  it('knows nothing from a handful of rows', () => {
    const curve = [{ rows: 30, confidence: 0.97, accuracy: 1 }];
    expect(judgeCalibration(curve).verdict).toBe('unknown');
  });
});
