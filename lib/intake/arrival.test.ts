import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asksForNothing, laterThan, readArrival, refusalOf, runIdOf } from './arrival.ts';
import {
  aDeployedModel,
  anUpload,
  deployedModels,
  objectCreated,
  uploadMessage,
} from './fixtures/builders.ts';

const models = deployedModels(
  aDeployedModel(),
  aDeployedModel({ name: 'prices', data: { formats: ['csv'] } }),
);

describe('readArrival', () => {
  it('reads an event of S3 with blanks, a plus and an umlaut in its key as they are', () => {
    expect(readArrival(JSON.stringify(objectCreated))).toEqual({
      model: 'iris',
      trigger: { kind: 'upload', reason: 'flowers 2026+11 größe.csv' },
      source: {
        bucket: 'amzn-s3-demo-bucket1',
        key: 'incoming/iris/flowers 2026+11 größe.csv',
        versionId: 'IYV3p45BT0ac8hjHg1houSdS1a.Mro8e',
      },
      identity: ['upload', 'incoming/iris/flowers 2026+11 größe.csv', 'IYV3p45BT0ac8hjHg1houSdS1a.Mro8e'],
      order: {
        of: 'amzn-s3-demo-bucket1/incoming/iris/flowers 2026+11 größe.csv',
        sequencer: '617f08299329d189',
      },
    });
  });

  it.each([
    'incoming/iris/a%20b.csv',
    'incoming/iris/100%.csv',
    'incoming/iris/深い/花.csv',
    'incoming/iris/a\nb.csv',
  ])('does not decode the key %j', (key) => {
    expect(anUpload({ key })).toMatchObject({ model: 'iris', source: { key } });
  });

  it('reads a request to retrain', () => {
    const request = { kind: 'retrain', model: 'iris', reason: 'drift: petals', requestId: 'alarm@noon' };
    expect(readArrival(JSON.stringify(request))).toEqual({
      model: 'iris',
      trigger: { kind: 'retrain', reason: 'drift: petals' },
      source: null,
      identity: ['retrain', 'alarm@noon'],
      order: null,
    });
  });

  it.each([
    ['no JSON', 'hello', /not JSON/],
    ['another event', JSON.stringify({ ...objectCreated, 'detail-type': 'Object Deleted' }), /neither/],
    ['an object without version', uploadMessage().replace('version-id', 'versionless'), /neither/],
    ['a request without id', JSON.stringify({ kind: 'retrain', model: 'iris', reason: 'x' }), /neither/],
    [
      'a request with an empty id',
      '{"kind":"retrain","model":"iris","reason":"x","requestId":""}',
      /neither/,
    ],
    ['an object elsewhere', uploadMessage({ key: 'outgoing/iris/a.csv' }), /below incoming/],
  ])('does not take %s for an arrival', (_, message, why) => {
    expect(() => readArrival(message)).toThrow(why);
    expect(() => readArrival(message)).toThrow(expect.objectContaining({ code: 'request-invalid' }));
  });
});

describe('asksForNothing', () => {
  it.each([
    ['incoming/iris/june.parts/a.csv', true],
    ['incoming/iris/june.parts/below/a.csv', true],
    ['incoming/iris/june.manifest.json', false],
    ['incoming/iris/june.csv', false],
    ['incoming/iris/folder/june.csv', false],
  ])('of %s is %s', (key, isNothing) => {
    expect(asksForNothing(anUpload({ key }))).toBe(isNothing);
  });

  it('is false of a retrain with the rows of a champion', () => {
    const source = { bucket: 'data', key: 'incoming/iris/june.parts/a.csv', versionId: 'v1' };
    const request = { kind: 'new-code', model: 'iris', reason: 'x', requestId: '1', source };
    expect(asksForNothing(readArrival(JSON.stringify(request)))).toBe(false);
  });
});

describe('runIdOf', () => {
  it('is the same for the same upload under the same definition, and for nothing else', () => {
    const id = runIdOf(anUpload(), 'digest');
    expect(runIdOf(anUpload({ sequencer: '99' }), 'digest')).toBe(id);
    const others = [
      runIdOf(anUpload({ versionId: 'v2' }), 'digest'),
      runIdOf(anUpload({ key: 'incoming/iris/other.csv' }), 'digest'),
      runIdOf(anUpload({ key: 'incoming/prices/flowers.csv' }), 'digest'),
      runIdOf(anUpload(), 'another digest'),
      runIdOf(anUpload(), null),
    ];
    expect(new Set([id, ...others]).size).toBe(6);
  });

  it('is a name that an execution may have, whatever the key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const id = runIdOf(anUpload({ key: `incoming/${text}` }), null);
        expect(id).toMatch(/^[a-z0-9-]{1,57}$/);
      }),
    );
  });
});

describe('laterThan', () => {
  it('pads the shorter sequencer with zeros on the right', () => {
    expect(laterThan('0055AED6DCD90281E6', '0055AED6DCD90281E5')).toBe(true);
    expect(laterThan('0055AED6DCD90281E5', '0055AED6DCD90281E500')).toBe(false);
    expect(laterThan('0055AED6DCD90281E501', '0055AED6DCD90281E5')).toBe(true);
    expect(laterThan('1', '0FFFF')).toBe(true);
    expect(laterThan('ab', 'AA')).toBe(true);
  });

  it('orders sequencers: never both ways, and a third one fits in', () => {
    const sequencer = fc.string({ unit: fc.constantFrom(...'0123456789ABCDEFabcdef'), maxLength: 8 });
    fc.assert(
      fc.property(sequencer, sequencer, sequencer, (a, b, c) => {
        expect(laterThan(a, a)).toBe(false);
        if (laterThan(a, b)) expect(laterThan(b, a)).toBe(false);
        if (laterThan(a, b) && laterThan(b, c)) expect(laterThan(a, c)).toBe(true);
      }),
    );
  });
});

describe('refusalOf', () => {
  const refusal = (key: string) => refusalOf(anUpload({ key: `incoming/${key}` }), models);

  it('takes the manifest of many files, whatever they are', () => {
    expect(refusal('iris/june.manifest.json')).toBeUndefined();
    expect(refusal('iris/june.json')).toMatch(/not in a format/);
  });

  it.each([
    'iris/a.csv',
    'iris/A.CSV',
    'iris/a.csv.gz',
    'iris/a.parquet',
    'iris/a.jsonl',
    'iris/a.ndjson.gz',
    'iris/2026/11/a.csv',
  ])('takes %s', (key) => {
    expect(refusal(key)).toBeUndefined();
  });

  it.each([
    ['iris/a.xlsx', /a\.xlsx is not in a format that iris takes; upload one of: csv, parquet, jsonl/],
    ['iris/a.parquet.gz', /not in a format/],
    ['iris/csv', /not in a format/],
    ['prices/a.parquet', /not in a format that prices takes; upload one of: csv$/],
    ['tulip/a.csv', /no model is named tulip; deployed are: iris, prices/],
    ['iris/', /incoming\/iris\/ is not a file/],
    [
      'iris.csv',
      /incoming\/iris\.csv is not a file in a model's folder; upload files as incoming\/<model>\/<file>/,
    ],
    ['', /is not a file/],
  ])('refuses %s with what is wrong and allowed', (key, why) => {
    expect(refusal(key)).toMatch(why);
  });

  it('says when no model is deployed', () => {
    expect(refusalOf(anUpload(), new Map())).toMatch(/deployed are: none yet/);
  });

  it.each([
    ['one-off', 'schedule', /iris is updated one-off, so no schedule trains it; upload a file of rows/],
    ['one-off', 'retrain', /so no retrain trains it/],
    ['near-real-time', 'new-code', /updated near-real-time, so no new-code trains it/],
    ['near-real-time', 'feedback', undefined],
    ['hybrid', 'new-code', undefined],
  ] as const)('refuses what the way of updating does not have: %s, %s', (update, kind, why) => {
    const deployed = models.get('iris');
    if (!deployed) throw new Error('no iris');
    const { definition } = deployed;
    const its = { ...deployed, definition: { ...definition, retrain: { ...definition.retrain, update } } };
    const arrival = readArrival(JSON.stringify({ kind, model: 'iris', reason: 'r', requestId: '1' }));
    const refusal = refusalOf(arrival, new Map([['iris', its]]));
    if (why) expect(refusal).toMatch(why);
    else expect(refusal).toBeUndefined();
  });

  it('takes the rows that new code brings, in whatever format they lie', () => {
    const source = { bucket: 'data', key: 'retrain/prices/run.jsonl', versionId: 'v1' };
    const arrival = readArrival(
      JSON.stringify({ kind: 'new-code', model: 'prices', reason: 'r', requestId: 'code-1', source }),
    );
    expect(arrival).toMatchObject({ source, identity: ['new-code', 'code-1'] });
    expect(refusalOf(arrival, models)).toBeUndefined();
  });

  it('asks no format of a retrain', () => {
    const arrival = readArrival('{"kind":"schedule","model":"prices","reason":"daily","requestId":"1"}');
    expect(refusalOf(arrival, models)).toBeUndefined();
  });
});
