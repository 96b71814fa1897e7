import { describe, expect, it } from 'vitest';
import { EvergreenError } from '../shared/errors.ts';
import { defineModel, type ModelDefinitionInput } from './definition.ts';
import { hasOwnTriggers, isLegalTrigger, takesRowsIn } from './update-mode.ts';

function issuesOf(retrain: ModelDefinitionInput['retrain']): unknown {
  try {
    defineModel({
      name: 'rivers',
      task: 'classification',
      features: { rain: { type: 'number' } },
      target: { name: 'stage', type: 'category', categories: ['low', 'high'] },
      train: { algorithm: 'gradient-descent' },
      retrain,
    });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof EvergreenError)) throw thrown;
    return thrown.details.issues;
  }
}

describe('update of a definition', () => {
  it.each([
    [{ update: 'one-off' }],
    [{ update: 'batch', everyDays: 7, everyLabels: 100, onNewCode: true }],
    [{ update: 'near-real-time', everyLabels: 50 }],
    [{ update: 'hybrid', everyLabels: 50, everyDays: 7, onNewCode: true }],
    [{ mode: 'online', everyDays: 1, everyLabels: 50 }],
  ] as const)('takes %j', (retrain) => {
    expect(issuesOf(retrain)).toEqual([]);
  });

  it.each([
    [
      { update: 'one-off', everyDays: 7 },
      'retrain.everyDays: a model that is updated one-off has no such trigger; leave it out, or set update to batch or hybrid',
    ],
    [
      { update: 'one-off', everyLabels: 7 },
      'retrain.everyLabels: a model that is updated one-off has no such trigger; leave it out, or set update to batch or near-real-time or hybrid',
    ],
    [
      { update: 'one-off', onNewCode: true },
      'retrain.onNewCode: a model that is updated one-off has no such trigger; leave it out, or set update to batch or hybrid',
    ],
    [
      { update: 'near-real-time', everyLabels: 5, everyDays: 7 },
      'retrain.everyDays: a model that is updated near-real-time has no such trigger; leave it out, or set update to batch or hybrid',
    ],
    [
      { update: 'hybrid' },
      'retrain.everyLabels: say after how many labelled rows a model that is updated hybrid takes them in',
    ],
    [
      { update: 'batch', mode: 'online' },
      'retrain.mode: a model that is updated batch trains anew; set update to near-real-time or hybrid',
    ],
  ] as const)('refuses %j', (retrain, issue) => {
    expect(issuesOf(retrain)).toEqual([issue]);
  });

  it('keeps the digest of definitions that do not say it', () => {
    const definition = defineModel({
      name: 'rivers',
      task: 'classification',
      features: { rain: { type: 'number' } },
      target: { name: 'stage', type: 'category', categories: ['low', 'high'] },
      train: {},
    });
    expect(Object.keys(definition.retrain).filter((key) => /update|everyLabels|onNewCode/.test(key))).toEqual(
      [],
    );
  });
});

describe('isLegalTrigger', () => {
  it('lets a model that is trained once be retrained by nothing', () => {
    const triggers = ['retrain', 'shadow-retrain', 'schedule', 'feedback', 'new-code'] as const;
    expect(triggers.filter((each) => isLegalTrigger({ update: 'one-off' }, each))).toEqual([]);
    expect(triggers.filter((each) => isLegalTrigger({}, each))).toEqual(triggers);
    expect(triggers.filter((each) => isLegalTrigger({ update: 'near-real-time' }, each))).toEqual([
      'retrain',
      'shadow-retrain',
      'feedback',
    ]);
  });
});

describe('takesRowsIn', () => {
  it('goes by mode where update is not said', () => {
    expect([takesRowsIn({ mode: 'online' }), takesRowsIn({ mode: 'anew' })]).toEqual([true, false]);
  });
});

describe('hasOwnTriggers', () => {
  it('is so of labels and of new code', () => {
    const retrain = defineModel({
      name: 'rivers',
      task: 'classification',
      features: { rain: { type: 'number' } },
      target: { name: 'stage', type: 'category', categories: ['low', 'high'] },
      train: {},
    }).retrain;
    expect(hasOwnTriggers(retrain)).toBe(false);
    expect(hasOwnTriggers({ ...retrain, everyLabels: 5 })).toBe(true);
    expect(hasOwnTriggers({ ...retrain, onNewCode: true })).toBe(true);
  });
});
