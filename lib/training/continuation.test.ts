import { describe, expect, it } from 'vitest';
import { continuationOf, continues, requireCapableTrainer } from './continuation.ts';
import { aFederatedOrder, anOrder } from './fixtures/builders.ts';

const champion = {
  version: 4,
  packagePrefix: 'packages/iris/abc/',
  packageDigest: 'abc',
  datasetId: 'ds-4',
};

function aDefinition({ warmStart = false, mode = 'anew' as 'anew' | 'online', instanceCount = 1 } = {}) {
  const { definition } = anOrder({ algorithm: 'gradient-descent', warmStart, instanceCount }).deployed;
  return { ...definition, retrain: { ...definition.retrain, mode } };
}

const [upload, retrain] = ['incoming/iris/a.csv', 'retrain/iris/run-1.jsonl'];
const source = { version: 4, packagePrefix: 'packages/iris/abc/', packageDigest: 'abc' };

describe('continuationOf', () => {
  it.each([
    ['nothing, unless the definition asks', aDefinition(), retrain, undefined],
    ['the weights, for a warm start', aDefinition({ warmStart: true }), upload, source],
    ['nothing, for an upload of an online model', aDefinition({ mode: 'online' }), upload, undefined],
    [
      'the weights and the rows known, for its retrain',
      aDefinition({ mode: 'online' }),
      retrain,
      { ...source, knownDatasetId: 'ds-4' },
    ],
    [
      'both for the retrain of a warm-started online model',
      aDefinition({ mode: 'online', warmStart: true }),
      retrain,
      { ...source, knownDatasetId: 'ds-4' },
    ],
  ])('is %s', (_, definition, key, expected) => {
    expect(continuationOf(definition, champion, key)).toEqual(expected);
  });

  it.each([
    ['near-real-time', 'feedback', true],
    ['near-real-time', 'retrain', true],
    ['hybrid', 'feedback', true],
    ['hybrid', 'retrain', false],
    ['hybrid', 'schedule', false],
    ['hybrid', 'new-code', false],
    ['batch', 'feedback', false],
  ] as const)('takes rows in or not: %s by %s', (update, trigger, isOnline) => {
    const definition = aDefinition();
    const its = { ...definition, retrain: { ...definition.retrain, update, everyLabels: 10 } };
    const expected = isOnline ? { ...source, knownDatasetId: 'ds-4' } : undefined;
    expect(continuationOf(its, champion, retrain, trigger)).toEqual(expected);
  });

  it('is nothing while nothing is served', () => {
    expect(continuationOf(aDefinition({ warmStart: true }), null, upload)).toBeUndefined();
  });
});

describe('continues', () => {
  it('tells whose trainings read packages', () => {
    expect(
      [aDefinition(), aDefinition({ warmStart: true }), aDefinition({ mode: 'online' })].map(continues),
    ).toEqual([false, true, true]);
  });
});

describe('requireCapableTrainer', () => {
  const asked = aDefinition({ warmStart: true, mode: 'online', instanceCount: 2 });
  const forest = {
    ...asked,
    train: { ...asked.train, algorithm: 'random-forest' as const },
    privacy: { differentialPrivacy: { epsilon: 1, delta: 1e-6, clipNorm: 1 } },
  };

  it('refuses what an algorithm cannot do, and says what can', () => {
    expect(() => requireCapableTrainer(forest, false)).toThrow(
      /asks for train\.warmStart, train\.instanceCount 2, retrain\.mode online, privacy\.differentialPrivacy, which random-forest cannot do; use the algorithm gradient-descent/,
    );
  });

  it('refuses an own program to parties, who could not know what it does with their rows', () => {
    const { definition } = aFederatedOrder().deployed;
    expect(() => requireCapableTrainer(definition, true)).toThrow(
      /asks for train\.federated and has a train\.py of its own/,
    );
    expect(() => requireCapableTrainer(definition, false)).not.toThrow();
  });

  it('leaves own programs and gradient descent alone', () => {
    expect(() => requireCapableTrainer(asked, false)).not.toThrow();
    expect(() => requireCapableTrainer(forest, true)).not.toThrow();
    expect(() => requireCapableTrainer(anOrder().deployed.definition, false)).not.toThrow();
  });
});
