import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { algorithmsOf, refuseAlgorithm } from './algorithms.ts';
import { defineModel } from './definition.ts';

const features = { size: { type: 'number' as const }, note: { type: 'text' as const } };
const label = { name: 'kind', type: 'category' as const, categories: ['a', 'b'] };
const value = { name: 'price', type: 'number' as const };

describe('algorithms', () => {
  it('are those that the trainers know', () => {
    const program =
      'import json; from evergreen_training.estimators import ALGORITHMS as a; ' +
      'print(json.dumps({task: sorted(names) for task, names in a.items()}))';
    const printed = execFileSync('.venv/bin/python', ['-c', program], {
      env: { ...process.env, PYTHONPATH: 'training' },
      encoding: 'utf8',
    });
    const sorted = Object.entries(algorithmsOf).map(([task, names]) => [task, [...names].sort()]);
    expect(JSON.parse(printed)).toEqual(Object.fromEntries(sorted));
  });

  it.each([
    ['classification', label, 'logistic-regression'],
    ['regression', value, 'ridge'],
    ['text-classification', label, 'logistic-regression'],
    ['ranking', label, 'matrix-factorisation'],
    ['anomaly-detection', label, 'isolation-forest'],
  ] as const)('default for %s to one that does it', (task, target, expected) => {
    expect(defineModel({ name: 'sample', task, features, target, train: {} }).train.algorithm).toBe(expected);
  });

  it('are refused for a task they do not do, with those that do', () => {
    expect(() =>
      defineModel({
        name: 'sample',
        task: 'regression',
        features,
        target: value,
        train: { algorithm: 'logistic-regression' },
      }),
    ).toThrow('train.algorithm: logistic-regression does no regression; use ridge, linear-regression, ');
    expect(refuseAlgorithm('svc', 'ranking')).toBe(
      'svc does no ranking; use matrix-factorisation, item-to-item',
    );
  });
});
