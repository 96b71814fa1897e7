import { describe, expect, it } from 'vitest';
import { algorithmsOf } from './algorithms.ts';
import { defineModel, type ModelDefinitionInput } from './definition.ts';
import { quantisationOf, refuseQuantisation } from './serve.ts';

const define = (serve: unknown, isRegression = false) =>
  defineModel({
    name: 'wages',
    task: isRegression ? 'regression' : 'classification',
    features: { age: { type: 'number' } },
    target: isRegression
      ? { name: 'wage', type: 'number' }
      : { name: 'class', type: 'category', categories: ['a', 'b'] },
    train: {},
    ...(serve === undefined ? {} : { serve }),
  } as ModelDefinitionInput);

describe('serve', () => {
  it('quantises nothing unless it is asked for, and adds nothing to a definition', () => {
    const definition = define(undefined);
    expect(quantisationOf(definition)).toBeUndefined();
    expect('serve' in definition).toBe(false);
    expect(quantisationOf(define({}))).toBeUndefined();
  });

  it('may lose a hundredth of the accuracy unless it says otherwise', () => {
    expect(quantisationOf(define({ quantise: 'int8' }))).toEqual({ kind: 'int8', mostLoss: 0.01 });
    expect(quantisationOf(define({ quantise: 'int8', mostLoss: 0 }))).toMatchObject({ mostLoss: 0 });
  });

  it.each([
    [{ quantise: 'int4' }, false, 'serve.quantise: the only kind is int8'],
    [{ quantise: 'int8', mostLoss: -1 }, false, 'serve.mostLoss'],
    [{ mostLoss: 0.01 }, false, 'serve.mostLoss: nothing is quantised that could lose'],
    [{ quantise: 'int8' }, true, 'serve.mostLoss: say by how much rmse may grow, in units of wage'],
    [{ quantize: 'int8' }, false, 'quantize'],
  ])('refuses %j', (serve, isRegression, message) => {
    expect(() => define(serve, isRegression)).toThrow(message);
  });

  it('takes the loss of a regression in units of its target', () => {
    const wages = define({ quantise: 'int8', mostLoss: 120 }, true);
    expect(quantisationOf(wages)).toEqual({ kind: 'int8', mostLoss: 120 });
  });
});

describe('refuseQuantisation', () => {
  it('says of each algorithm without weights why, and which have some', () => {
    const refused = Object.values(algorithmsOf)
      .flat()
      .filter((name) => refuseQuantisation(name) !== undefined);
    expect(new Set(refused)).toEqual(
      new Set([
        'linear-svc',
        'svc',
        'linear-svr',
        'svr',
        'naive-bayes',
        'decision-tree',
        'random-forest',
        'extra-trees',
        'gradient-boosting',
        'lightgbm',
        'isolation-forest',
        'matrix-factorisation',
        'item-to-item',
      ]),
    );
    expect(refuseQuantisation('svc')).toMatch(
      /^svc decides by votes .*; use logistic-regression, .*mlp, gradient-descent/,
    );
    expect(refuseQuantisation('random-forest')).toMatch(/^random-forest is made of trees/);
  });
});
