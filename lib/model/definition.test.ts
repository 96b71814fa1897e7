import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import iris from '../../models/iris/model.ts';
import { EvergreenError } from '../shared/errors.ts';
import { defineModel, type ModelDefinitionInput } from './definition.ts';

const least: ModelDefinitionInput = {
  name: 'iris',
  task: 'classification',
  features: { petal_length: { type: 'number' } },
  target: { name: 'species', type: 'category', categories: ['a', 'b'] },
  train: {},
};

/** What is wrong with a definition that differs from the least one. */
function issuesOf(over: Record<string, unknown>): string[] {
  try {
    defineModel({ ...least, ...over } as ModelDefinitionInput);
  } catch (thrown) {
    if (thrown instanceof EvergreenError && thrown.code === 'definition-invalid') {
      expect(thrown.message).toMatch(/^model .* is not well defined: /);
      return z.array(z.string()).parse(thrown.details.issues);
    }
    throw thrown;
  }
  return [];
}

describe('defineModel', () => {
  it('fills in what a definition leaves out', () => {
    expect(defineModel(least)).toEqual({
      ...least,
      description: '',
      features: { petal_length: { type: 'number', mayBeMissing: false, personalData: 'none' } },
      identity: [],
      data: {
        formats: ['csv', 'parquet', 'jsonl'],
        maxRejectedShare: 0.02,
        columns: {},
        minRows: 20,
        duplicates: 'drop',
        keyDuplicates: 'keep',
        checks: {
          patterns: [],
          rules: [],
          unique: [],
          identity: { mostShare: 0, action: 'warn' },
          conflictingLabels: { mostShare: 0.01, action: 'warn' },
          personalData: { sampleRows: 5000, action: 'warn' },
          classBalance: { leastShare: 0.01, action: 'warn' },
          constants: { action: 'warn' },
          leak: { limit: 0.99, action: 'reject' },
          shift: { psi: 0.2, distance: 0.1, leastSample: 200, action: 'warn' },
          labelShift: { psi: 0.2, distance: 0.1, leastSample: 200, action: 'warn' },
          labelFlips: { mostShare: 0.1, increase: 0.05, leastSample: 100, action: 'reject' },
          nearDuplicates: { mostShare: 0.05, leastRows: 20, action: 'warn' },
        },
        split: { method: 'hash', testShare: 0.2 },
      },
      train: {
        algorithm: 'logistic-regression',
        hyperparameters: {},
        seed: 42,
        crossValidationFolds: 5,
        maxRuntimeMinutes: 60,
        warmStart: false,
        instanceType: 'ml.m5.large',
        instanceCount: 1,
        volumeSizeGb: 10,
      },
      gate: {
        limits: {},
        slices: [],
        groups: [],
        robustness: { noise: 0.1, missing: 0.2, limits: {} },
      },
      rollout: {
        strategy: 'canary',
        approval: 'automatic',
        approvalTimeoutHours: 72,
        canary: { weight: 10, bakeSeconds: 600, leastRequests: 0, leastLabels: 0, stickyBy: 'request' },
        judge: {
          falseRollbacks: 0.01,
          leastSample: 30,
          latencyFactor: 1.5,
          latencySlackMs: 5,
          outputPsi: 0.25,
        },
        replay: { requests: 500, latencyFactor: 5, latencySlackMs: 20 },
        shadow: { seconds: 0 },
        limits: { errorShare: 0.05, p99LatencyMs: 1000, leastRequests: 5 },
      },
      monitor: {
        everyMinutes: 60,
        windowHours: 24,
        capture: 1,
        drift: {
          psi: 0.1,
          distance: 0.1,
          share: 0.05,
          missing: 0.025,
          falseAlarms: 0.001,
          leastSample: 200,
        },
        quality: { metric: 'accuracy', leastSample: 50 },
        cost: { limitPerDay: 10 },
      },
      retrain: {
        mode: 'anew',
        onDrift: true,
        onQuality: true,
        cooldownMinutes: 360,
        mostPerDay: 4,
        leastLabels: 1,
        youngHours: 24,
      },
      privacy: {},
      card: {
        intendedUse: '',
        outOfScope: '',
        limitations: '',
        ethicalConsiderations: '',
        owner: '',
        contact: '',
        license: '',
      },
    });
  });

  it('takes its own output again, unchanged', () => {
    expect(defineModel(iris)).toEqual(iris);
    expect(defineModel(defineModel(least))).toEqual(defineModel(least));
  });

  it('keeps a nothing that was written', () => {
    const quiet = defineModel({
      ...least,
      rollout: { canary: { weight: 0 } },
      retrain: { cooldownMinutes: 0, youngHours: 0 },
      data: { maxRejectedShare: 0 },
    });
    expect(quiet.rollout.canary.weight).toBe(0);
    expect(quiet.retrain).toMatchObject({ cooldownMinutes: 0, youngHours: 0 });
    expect(quiet.data.maxRejectedShare).toBe(0);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['name', { name: 'Iris 2' }, /use 1 to 40 lower-case letters/],
    ['name', { name: 'a'.repeat(41) }, /use 1 to 40/],
    ['task', { task: 'guessing' }, /classification/],
    ['features', { features: {} }, /name at least one feature/],
    ['features.petal;length', { features: { 'petal;length': { type: 'number' } } }, /a letter first/],
    ['features.colour.type', { features: { colour: { type: 'paint' } } }, /./],
    ['features.colour.categories', { features: { colour: { type: 'category', categories: ['red'] } } }, /2/],
    [
      'features.colour.categories',
      { features: { colour: { type: 'category', categories: ['red', 'red'] } } },
      /name each category once/,
    ],
    [
      'features.age.max',
      { features: { age: { type: 'integer', min: 9, max: 3 } } },
      /3 is below min, which is 9/,
    ],
    ['features.age', { features: { age: { type: 'number', minimum: 3 } } }, /minimum/],
    ['features.age.personalData', { features: { age: { type: 'number', personalData: 'secret' } } }, /./],
    ['target.name', { target: { ...least.target, name: 'petal_length' } }, /is also a feature/],
    ['target.type', { target: { name: 'price', type: 'number' } }, /classification needs a category target/],
    ['target.type', { task: 'regression' }, /regression needs a number target/],
    [
      'target.max',
      { task: 'regression', target: { name: 'price', type: 'number', min: 2, max: 1 } },
      /1 is below min/,
    ],
    ['target.categories', { target: { ...least.target, categories: ['a', 'a'] } }, /name each category once/],
    ['data.formats', { data: { formats: [] } }, /./],
    ['data.formats.0', { data: { formats: ['xlsx'] } }, /csv/],
    ['data.maxRejectedShare', { data: { maxRejectedShare: 2 } }, /1/],
    ['data.split.seed', { data: { split: { method: 'seeded', seed: -1 } } }, /0/],
    ['data.split.method', { data: { split: { method: 'alphabetical' } } }, /./],
    ['train.algorithm', { train: { algorithm: 'magic' } }, /linear-svc/],
    ['train.seed', { train: { seed: 2 ** 32 } }, /4294967295/],
    ['train.hyperparameters.C', { train: { hyperparameters: { C: null } } }, /./],
    ['train.instanceType', { train: { instanceType: 'm5.large' } }, /ml\./],
    ['train.maxRuntimeMinutes', { train: { maxRuntimeMinutes: 0 } }, /./],
    ['train.tune.parameters', { train: { tune: { parameters: {} } } }, /name at least one parameter/],
    [
      'train.tune.parameters.C.max',
      { train: { tune: { parameters: { C: { type: 'continuous', min: 1, max: 1 } } } } },
      /1 is not above min/,
    ],
    [
      'train.tune.parameters.C.min',
      { train: { tune: { parameters: { C: { type: 'continuous', min: 0, max: 1, scale: 'log' } } } } },
      /a log scale starts above 0/,
    ],
    [
      'train.tune.parameters.C.type',
      { train: { tune: { strategy: 'grid', parameters: { C: { type: 'integer', min: 0, max: 1 } } } } },
      /a grid takes categorical ranges only/,
    ],
    ['train.tune.maxTrials', { train: { tune: { parameters: aParameter(), maxTrials: 0 } } }, /1/],
    [
      'train.tune.budget.minutes',
      { train: { tune: { parameters: aParameter(), budget: { minutes: 1 } } } },
      /2/,
    ],
    [
      'train.tune.budget.money',
      { train: { tune: { parameters: aParameter(), budget: { money: 5 } } } },
      /needs train.pricePerHour/,
    ],
    [
      'train.tune.budget.money',
      { train: { pricePerHour: 3.6, tune: { parameters: aParameter(), budget: { money: 0.1 } } } },
      /pays for 50 seconds of 2 machines; a search takes at least 120, which cost 0.2400/,
    ],
    [
      'train.tune.budget.trials',
      {
        train: {
          tune: {
            strategy: 'grid',
            parameters: { C: { type: 'categorical', values: [1, 2, 3] } },
            budget: { trials: 2 },
          },
        },
      },
      /the grid has 3 points/,
    ],
    ['gate.limits.accuracy', { gate: { limits: { accuracy: 'high' } } }, /number/],
    ['gate.champion.margin', { gate: { champion: { metric: 'accuracy', margin: -1 } } }, /0/],
    ['rollout.canary.weight', { rollout: { canary: { weight: 101 } } }, /100/],
    ['rollout.canary.bakeSeconds', { rollout: { canary: { bakeSeconds: 0 } } }, /1/],
    ['rollout.approval', { rollout: { approval: 'committee' } }, /person/],
    ['rollout.limits.errorShare', { rollout: { limits: { errorShare: 5 } } }, /1/],
    ['monitor.drift.psi', { monitor: { drift: { psi: 0 } } }, /0/],
    ['monitor.quality.metric', { monitor: { quality: { metric: 'luck' } } }, /accuracy/],
    ['retrain.everyDays', { retrain: { everyDays: 0 } }, /1/],
    ['(model)', { colour: 'green' }, /colour/],
    ['rollout.canary', { rollout: { canary: { wieght: 5 } } }, /wieght/],
  ])('names the field %s', (field, over, why) => {
    const issues = issuesOf(over);
    expect(issues).toHaveLength(1);
    expect(issues[0]?.slice(0, field.length + 2)).toBe(`${field}: `);
    expect(issues[0]?.slice(field.length)).toMatch(why);
  });

  it('names every wrong field at once', () => {
    expect(issuesOf({ name: 'No', retrain: { youngHours: -1 } }).map((issue) => issue.split(':')[0])).toEqual(
      ['name', 'retrain.youngHours'],
    );
  });

  it('describes the starter model with its four lengths and three species', () => {
    expect(Object.keys(iris.features)).toEqual([
      'sepal_length',
      'sepal_width',
      'petal_length',
      'petal_width',
    ]);
    expect(iris.target).toMatchObject({ name: 'species', categories: ['setosa', 'versicolor', 'virginica'] });
  });
});

function aParameter() {
  return { C: { type: 'continuous', min: 0.1, max: 1 } };
}
