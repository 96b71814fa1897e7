import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DatasetProfile, Row } from '../data/dataset.ts';
import { profileColumn, profileRows } from '../data/profile.ts';
import type { Prediction, PredictionRecord } from '../inference/prediction-record.ts';
import { defineModel } from '../model/definition.ts';
import { aRecord } from './fixtures/builders.ts';
import { digestOfNames, hourOf, hourProfile, isCurrent, mergeHours, profileHours } from './hour-profile.ts';
import { profileTraffic } from './traffic-profile.ts';

const definition = defineModel({
  name: 'mixed',
  task: 'classification',
  features: {
    size: { type: 'number', mayBeMissing: true },
    colour: { type: 'category', categories: ['red', 'green'], mayBeMissing: true },
    note: { type: 'text', mayBeMissing: true },
  },
  target: { name: 'kind', type: 'category', categories: ['a', 'b'] },
  gate: { slices: [{ feature: 'colour' }, { feature: 'size', bands: [0, 10] }] },
  train: {},
});
const trained: Row[] = Array.from({ length: 60 }, (_, i) => ({
  size: i / 2,
  colour: i % 3 ? 'red' : 'green',
  note: 'x'.repeat(i % 7),
}));
const profile: DatasetProfile = {
  schema: 'evergreen/profile/v1',
  model: 'mixed',
  datasetId: 'ds-1',
  rows: trained.length,
  features: profileRows(trained, definition),
  target: profileColumn(['a', 'b'], { type: 'category', categories: ['a', 'b'] }),
};
const base = { version: 3, definition, profile, valueEdges: [] };

const row: fc.Arbitrary<Row> = fc.record({
  size: fc.option(fc.double({ noNaN: true, min: -50, max: 50 })),
  colour: fc.option(fc.constantFrom('red', 'green', 'blue')),
  note: fc.option(fc.string()),
});
const answer: fc.Arbitrary<Prediction> = fc
  .double({ min: 0, max: 1, noNaN: true })
  .map((a) => ({ label: a < 0.5 ? 'b' : 'a', scores: { a, b: 1 - a } }));
const record: fc.Arbitrary<PredictionRecord> = fc
  .record({
    id: fc.uuid(),
    minute: fc.nat(6 * 60),
    version: fc.constantFrom(2, 3),
    pairs: fc.array(fc.tuple(row, answer), { maxLength: 4 }),
  })
  .map(({ id, minute, version, pairs }) =>
    aRecord({
      model: 'mixed',
      predictionId: id,
      version,
      at: new Date(Date.parse('2026-11-23T08:00:00Z') + minute * 60_000).toISOString(),
      rows: pairs.map(([each]) => each),
      predictions: pairs.map(([, each]) => each),
    }),
  );

describe('mergeHours', () => {
  it('is the profile of all together, in any order, each prediction counted once', () => {
    const scene = fc
      .uniqueArray(record, { selector: ({ predictionId }) => predictionId, maxLength: 30 })
      .chain((records) =>
        fc.record({
          records: fc.constant(records),
          // As they are delivered: in any order, some of them again.
          delivered: fc
            .subarray(records)
            .chain((again) =>
              fc.shuffledSubarray([...records, ...again], { minLength: records.length + again.length }),
            ),
          seed: fc.nat(),
        }),
      );
    fc.assert(
      fc.property(scene, ({ records, delivered, seed }) => {
        const hours = [...profileHours(delivered, base)];
        const turn = seed % Math.max(1, hours.length);
        const shuffled = [...hours.slice(turn), ...hours.slice(0, turn)].reverse();
        // An hour that is read twice counts once, too.
        const merged = mergeHours([...shuffled, ...hours.slice(0, 1)]);
        const all = profileTraffic(records, base);
        const bySlice = (a: { feature: string; slice: string }, b: typeof a) =>
          `${a.feature} ${a.slice}` < `${b.feature} ${b.slice}` ? -1 : 1;
        if (records.length === 0) return;
        expect({ ...merged, slices: merged.slices.sort(bySlice) }).toEqual({
          ...all,
          slices: all.slices.sort(bySlice),
        });
      }),
    );
  });

  it('counts what comes in whoever answers, and answers of its own version alone', () => {
    const of = (version: number) => aRecord({ predictionId: `p-${version}`, version, model: 'mixed' });
    expect(profileTraffic([of(2), of(3), of(3)], base)).toMatchObject({
      predictions: 2,
      rows: 2,
      answers: { rows: 1, labels: { setosa: 1 } },
    });
  });
});

describe('isCurrent', () => {
  const known = hourProfile.parse({
    schema: 'evergreen/hour-profile/v1',
    model: 'mixed',
    version: 3,
    hour: hourOf('2026-11-23T08:59:59.999Z'),
    from: '2026-11-23T08:00:00.000Z',
    objects: digestOfNames(['a', 'b']),
    isCutOff: false,
    traffic: profileTraffic([], base),
  });

  it('holds as long as nothing came to the hour', () => {
    expect(known.hour).toBe('2026-11-23T08:00:00.000Z');
    expect(isCurrent(known, known.from, ['b', 'a'])).toBe(true);
    expect(isCurrent(known, known.from, ['a', 'b', 'late'])).toBe(false);
    expect(isCurrent(known, '2026-11-23T08:10:00.000Z', ['a', 'b'])).toBe(false);
  });
});
