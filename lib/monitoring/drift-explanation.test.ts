import { beforeEach, describe, expect, it } from 'vitest';
import type { DatasetProfile, Row } from '../data/dataset.ts';
import { profileColumn, profileRows } from '../data/profile.ts';
import { defineModel } from '../model/definition.ts';
import { seededRandom } from '../shared/random.ts';
import { findAnomalies } from './answer-anomalies.ts';
import { answerReference } from './answer-reference.ts';
import { changePoint, explainDrift } from './drift-explanation.ts';
import { explanationSentences } from './explanation-text.ts';
import { aRecord } from './fixtures/builders.ts';
import { normal } from './fixtures/drift-odds.ts';
import { anEvaluation, aRegressionEvaluation } from './fixtures/evaluations.ts';
import { mergeTraffic } from './merge-traffic.ts';
import { profileTraffic, type TrafficProfile } from './traffic-profile.ts';

const definition = defineModel({
  name: 'shop',
  task: 'classification',
  features: {
    price: { type: 'number' },
    channel: { type: 'category', categories: ['web', 'store'] },
  },
  target: { name: 'kind', type: 'category', categories: ['a', 'b'] },
  gate: { slices: [{ feature: 'channel' }] },
  train: {},
});

let random = seededRandom(11);
// Tests come in any order, and none may draw what another one left.
beforeEach(() => {
  random = seededRandom(12);
});
const sale = (webShift = 0): Row => {
  const channel = random() < 0.3 ? 'web' : 'store';
  return { channel, price: normal(random) + (channel === 'web' ? webShift : 0) };
};
const rowsOf = (count: number, webShift = 0) => Array.from({ length: count }, () => sale(webShift));

const profile: DatasetProfile = {
  schema: 'evergreen/profile/v1',
  model: 'shop',
  datasetId: 'ds-1',
  rows: 1000,
  features: profileRows(rowsOf(1000), definition),
  target: profileColumn(['a'], { type: 'category', categories: ['a', 'b'] }),
};
const base = { version: 3, definition, profile, valueEdges: [] };

const hourOf = (place: number) => `2026-11-23T${String(place).padStart(2, '0')}:00:00.000Z`;
const traffic = (rows: Row[], label = 'setosa') =>
  profileTraffic([aRecord({ rows, predictions: rows.map(() => ({ label })) })], base);
const hoursOf = (shifts: number[]): [string, TrafficProfile][] =>
  shifts.map((shift, place) => [hourOf(place), traffic(rowsOf(60, shift))]);

describe('explainDrift', () => {
  it('names the hour, the values and the rows', () => {
    const hours = hoursOf([0, 0, 0, 0, 0, 0, 0, 2.5, 2.5, 2.5, 2.5, 2.5]);
    const window = mergeTraffic(hours.map(([, each]) => each));
    const found = explainDrift('price', profile.features, hours, window);
    expect(found).toMatchObject({ since: hourOf(7), isFromStart: false });
    expect(found.slice).toMatchObject({ feature: 'channel', slice: 'web' });
    expect(found.grown[0]?.label).toMatch(/^> /);
    const text = explanationSentences(found).join('\n');
    expect(text).toContain(`changed since about ${hourOf(7)}`);
    expect(text).toContain('most of all where channel is web');
  });

  it('says that a change may be older than the window', () => {
    const hours = hoursOf([3, 3, 3]);
    const found = explainDrift('price', profile.features, hours, mergeTraffic(hours.map(([, each]) => each)));
    expect(found.isFromStart).toBe(true);
  });

  it('does not blame a slice when all changed alike', () => {
    const rows = rowsOf(600).map((row) => ({ ...row, price: Number(row.price) + 2 }));
    const hours: [string, TrafficProfile][] = [[hourOf(0), traffic(rows)]];
    expect(explainDrift('price', profile.features, hours, traffic(rows)).slice).toBeNull();
  });
});

describe('changePoint', () => {
  it('is mostly within an hour of the planted one', () => {
    const frozen = new Array<number>(10).fill(100);
    const isNear = Array.from({ length: 200 }, () => {
      const hours = Array.from({ length: 24 }, (_, hour) => {
        const counts = new Array<number>(10).fill(0);
        for (let row = 0; row < 30; row++) {
          const bin = Math.floor(random() * (hour < 15 ? 10 : 5));
          counts[bin] = (counts[bin] ?? 0) + 1;
        }
        return counts;
      });
      return Math.abs(changePoint(frozen, hours) - 15) <= 1;
    });
    expect(isNear.filter(Boolean).length).toBeGreaterThan(180);
  });
});

describe('findAnomalies', () => {
  const reference = answerReference(anEvaluation());
  const same = traffic(rowsOf(100));

  it('finds that nearly all answers are one label', () => {
    expect(findAnomalies(reference, [], same, 50)).toEqual([
      { kind: 'one answer', reason: '100.0 % of the answers are setosa, 33.3 % in the evaluation' },
    ]);
    expect(findAnomalies(reference, [], same, 101)).toEqual([]);
  });

  it('lets a rare class be rare', () => {
    const rare = answerReference(
      anEvaluation({
        confusion: [
          [970, 0, 10],
          [0, 5, 5],
          [5, 0, 5],
        ],
      }),
    );
    expect(findAnomalies(rare, [], same, 50)).toEqual([]);
  });

  it('finds that nearly all values lie in one tenth', () => {
    const values = Array.from({ length: 100 }, (_, place) => place);
    const numbers = answerReference(aRegressionEvaluation(values, values));
    if (numbers?.kind !== 'regression') throw new Error('no regression');
    const of = (value: number) =>
      profileTraffic([aRecord({ rows: [], predictions: Array.from({ length: 60 }, () => ({ value })) })], {
        ...base,
        valueEdges: numbers.values.edges,
      });
    expect(findAnomalies(numbers, [], of(42), 50)).toMatchObject([{ kind: 'one answer' }]);
  });

  it('finds an hour of far more, and of far fewer rows than usual', () => {
    const hours = (last: number): [string, TrafficProfile][] =>
      [80, 90, 100, 110, 100, 90, 100, last, 3].map((rows, place) => [hourOf(place), { ...same, rows }]);
    expect(findAnomalies(null, hours(100), same, 50)).toEqual([]);
    expect(findAnomalies(null, hours(501), same, 50)).toMatchObject([{ kind: 'rate' }]);
    expect(findAnomalies(null, hours(2), same, 50)).toEqual([
      { kind: 'rate', reason: `2 rows in the hour from ${hourOf(7)}; the median hour of the window has 100` },
    ]);
    expect(findAnomalies(null, hours(2).slice(-4), same, 50)).toEqual([]);
  });
});
