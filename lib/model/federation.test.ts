import { describe, expect, it } from 'vitest';
import { defineModel, type ModelDefinitionInput } from './definition.ts';
import { partyPrefix, weightCount } from './federation.ts';

const parties = ['north', 'south'];
const least = {
  name: 'yields',
  task: 'classification',
  features: {
    rain: { type: 'number', min: 0, max: 100 },
    frost: { type: 'boolean' },
    soil: { type: 'category', categories: ['clay', 'sand', 'silt'] },
  },
  target: { name: 'harvest', type: 'category', categories: ['poor', 'good'] },
  train: { algorithm: 'gradient-descent', federated: { parties } },
} satisfies ModelDefinitionInput;

type Train = NonNullable<ModelDefinitionInput['train']>;

const defined = (over: Partial<ModelDefinitionInput> = {}) => defineModel({ ...least, ...over });
const trained = (train: Train) => defined({ train: { ...least.train, ...train } });
const price = { name: 'price', type: 'number', min: 0, max: 10 } as const;
const regression = (target: ModelDefinitionInput['target']) => defined({ task: 'regression', target });

describe('train.federated', () => {
  it('has ten rounds of one pass unless it says otherwise', () => {
    expect(defined().train.federated).toEqual({ parties, rounds: 10, localEpochs: 1 });
  });

  it.each<[what: string, define: () => unknown, message: RegExp]>([
    [
      'coarser values',
      () =>
        defined({
          features: { ...least.features, rain: { ...least.features.rain, generalise: { width: 10 } } },
        }),
      /features\.rain\.generalise: with train\.federated nobody/,
    ],
    [
      'small groups left out',
      () => defined({ privacy: { anonymity: { columns: ['soil'] } } }),
      /privacy\.anonymity: with train\.federated nobody/,
    ],
    ['one party', () => trained({ federated: { parties: ['a'] } }), /train\.federated\.parties: Too small/],
    [
      'too many parties',
      () => trained({ federated: { parties: Array.from({ length: 21 }, (_, place) => `p${place}`) } }),
      /train\.federated\.parties: Too big/,
    ],
    ['a party twice', () => trained({ federated: { parties: ['a', 'a'] } }), /name each party once/],
    [
      'a name that is no folder',
      () => trained({ federated: { parties: ['a/b', 'c'] } }),
      /use 1 to 20 lower-case/,
    ],
    ['a pattern as a name', () => trained({ federated: { parties: ['a*', 'c'] } }), /use 1 to 20 lower-case/],
    ['no round', () => trained({ federated: { parties, rounds: 0 } }), /train\.federated\.rounds: Too small/],
    [
      'too many rounds',
      () => trained({ federated: { parties, rounds: 51 } }),
      /train\.federated\.rounds: Too big/,
    ],
    [
      'another algorithm',
      () => trained({ algorithm: 'random-forest' }),
      /train\.algorithm: random-forest leaves no weights to average; use gradient-descent/,
    ],
    [
      'the closed form',
      () => trained({ hyperparameters: { optimizer: 'least-squares' } }),
      /hyperparameters\.optimizer: train\.federated needs an optimizer that takes steps/,
    ],
    [
      'a number of epochs',
      () => trained({ hyperparameters: { epochs: 3 } }),
      /hyperparameters\.epochs: with train\.federated leave it out: rounds and localEpochs say/,
    ],
    [
      'an end before the last round',
      () => trained({ hyperparameters: { patience: 3 } }),
      /hyperparameters\.patience/,
    ],
    ['a scale of its own', () => trained({ hyperparameters: { scale: false } }), /hyperparameters\.scale/],
    [
      'a number without a range',
      () => defined({ features: { rain: { type: 'number', min: 0 } } }),
      /features\.rain: train\.federated needs its min and max/,
    ],
    [
      'an integer without a range',
      () => defined({ features: { rain: { type: 'integer' } } }),
      /features\.rain: train\.federated needs its min and max/,
    ],
    [
      'texts',
      () => defined({ features: { note: { type: 'text' } } }),
      /features\.note: train\.federated takes no texts/,
    ],
    [
      'an endless target',
      () => regression({ ...price, max: undefined }),
      /target: train\.federated needs its min/,
    ],
    [
      'a search',
      () =>
        trained({
          tune: { parameters: { l2: { type: 'continuous', min: 0.1, max: 1 } }, maxTrials: 2 },
        }),
      /train\.tune: train\.federated trains with one setting/,
    ],
    ['a warm start', () => trained({ warmStart: true }), /train\.warmStart: train\.federated begins anew/],
    [
      'online retrains',
      () => defined({ retrain: { mode: 'online' } }),
      /retrain\.mode: train\.federated trains anew/,
    ],
    [
      'several instances',
      () => trained({ instanceCount: 2 }),
      /train\.instanceCount: each party of train\.federated/,
    ],
    [
      'differential privacy',
      () => defined({ privacy: { differentialPrivacy: { epsilon: 1 } } }),
      /privacy\.differentialPrivacy: its epsilon would hold for one training/,
    ],
  ])('is refused with %s', (_, define, message) => {
    expect(define).toThrow(message);
  });

  it('asks nothing of a definition without parties', () => {
    const features = { rain: { type: 'number' } } as const;
    const train = { algorithm: 'random-forest' } as const;
    expect(defineModel({ ...least, features, train }).train.federated).toBeUndefined();
  });
});

describe('weightCount', () => {
  it.each([
    ['two classes, which share one output', defined(), 6],
    ['three classes', defined({ target: { ...least.target, categories: ['poor', 'fair', 'good'] } }), 18],
    ['a number', regression(price), 6],
    ['hidden units', trained({ hyperparameters: { hidden_units: 4 } }), 6 * 4 + 5],
  ])('counts weights and intercepts for %s', (_, definition, count) => {
    expect(weightCount(definition)).toBe(count);
  });
});

describe('partyPrefix', () => {
  it('ends with a slash, so that no party lies below another', () => {
    expect(partyPrefix('yields', 'north')).toBe('parties/yields/north/');
    expect(partyPrefix('yields', 'north-2').startsWith(partyPrefix('yields', 'north'))).toBe(false);
  });
});
