import { describe, expect, it } from 'vitest';
import { defineModel } from '../model/definition.ts';
import { aFlower, fragileModel, prices, trainedFlowers, trainedPrices } from './fixtures/models.ts';
import { asCandidate } from './fixtures/packages.ts';
import { aServer, servingFlowers } from './fixtures/server.ts';
import { predictionRecord } from './prediction-record.ts';

describe('Serving', () => {
  it('answers the friendly form with everything a receipt needs', async () => {
    const { predict, champion } = servingFlowers();
    const { status, json } = await predict([aFlower]);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      model: 'flowers',
      version: 1,
      modelDigest: champion.modelDigest,
      datasetId: champion.datasetId,
      traceId: 'trace-1',
      predictions: [{ label: 'iris', scores: { rose: expect.any(Number) } }],
    });
    expect(json.predictionId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('captures each answer as a prediction record with metrics in the same line', async () => {
    const { predict, ofKind } = servingFlowers();
    await predict([aFlower]);
    const [captured] = ofKind('prediction');
    expect(predictionRecord.parse(captured)).toMatchObject({
      version: 1,
      variant: 'champion',
      rows: [aFlower],
    });
    expect(captured).toMatchObject({
      version: '1',
      Requests: 1,
      Errors: 0,
      Rows: 1,
      _aws: {
        CloudWatchMetrics: [
          {
            Namespace: 'Evergreen',
            Dimensions: [
              ['model', 'variant'],
              ['model', 'version'],
            ],
          },
        ],
      },
    });
  });

  it('leaves personal data out of the capture', async () => {
    const { source, predict, ofKind } = aServer();
    source.setLive('prices', { champion: source.add(1, trainedPrices()) });
    expect((await predict([{ size: 50, rooms: 2 }], 'prices')).status).toBe(200);
    expect(ofKind('prediction')[0]).toMatchObject({ rows: [{ rooms: 2 }] });
  });

  it('answers although the log cannot be written', async () => {
    const { predict } = servingFlowers({
      report: () => {
        throw new Error('ENOSPC');
      },
    });
    expect((await predict([aFlower])).status).toBe(200);
  });

  it('points at what does not fit, and counts it against no version', async () => {
    const { predict, lines } = servingFlowers();
    const { status, json, headers } = await predict([{ ...aFlower, length: '5.1', colr: 'red', wild: null }]);
    expect(status).toBe(422);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json).toMatchObject({
      type: 'urn:evergreen:error:request-invalid',
      instance: 'trace-1',
      errors: [
        { pointer: '/rows/0/length', message: 'is "5.1"; a number is needed' },
        { pointer: '/rows/0/wild', message: 'is null; it may not be missing' },
        { pointer: '/rows/0/colr', message: 'is not a feature of flowers; did you mean colour?' },
      ],
    });
    expect(lines).toEqual([expect.objectContaining({ kind: 'rejected-request', Rejected: 1 })]);
  });

  it.each([
    ['no JSON', '{', {}, 400],
    ['bytes that are not UTF-8', Uint8Array.from([0x22, 0xff, 0x22]), {}, 400],
    ['a name twice', '{"rows":[],"rows":[]}', {}, 400],
    ['half a surrogate pair', '{"rows":[{"colour":"\\ud800"}]}', {}, 400],
    ['deep nesting', '['.repeat(400_000) + ']'.repeat(400_000), {}, 400],
    ['a form', 'rows=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['compressed content', '{}', { 'content-encoding': 'gzip' }, 415],
    ['another character set', '{}', { 'content-type': 'application/json; charset=latin1' }, 415],
    ['too many bytes', ' '.repeat(1024 * 1024 + 1), {}, 413],
    ['too many rows', { rows: Array.from({ length: 1001 }, () => aFlower) }, {}, 413],
    ['no rows', { rows: [] }, {}, 422],
    ['a prototype', '{"rows":[{"__proto__":{"length":1}}]}', {}, 422],
  ])('refuses %s', async (_, body, headers, status) => {
    const { call, predict } = servingFlowers();
    const refused = await call('POST', '/models/flowers/predict', body, headers);
    expect(refused).toMatchObject({ status, json: { status } });
    expect((await predict([aFlower])).status).toBe(200);
  });

  it('names the models that are deployed to who asks for another', async () => {
    const { source, predict } = servingFlowers();
    source.modelNames = ['flowers', 'prices'];
    expect(await predict([aFlower], 'roses')).toMatchObject({
      status: 404,
      json: { detail: expect.stringContaining('flowers, prices') },
    });
    expect(await predict([aFlower], 'prices')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
    });
    expect((await predict([aFlower], '..%2F..%2Fetc')).status).toBe(404);
  });

  it('shows nothing of the inside when the model fails', async () => {
    const { source, predict, ofKind } = aServer();
    source.setLive('fragile', { champion: source.add(1, fragileModel()) });
    const failed = await predict([{ x: -1 }], 'fragile');
    expect(failed).toMatchObject({ status: 500, json: { type: 'urn:evergreen:error:internal' } });
    expect(failed.body).not.toMatch(/value|NaN|\.ts|onnx/);
    expect(ofKind('model-error')).toEqual([
      expect.objectContaining({ variant: 'champion', Errors: 1, code: 'model-failed' }),
    ]);
    expect((await predict([{ x: 1 }], 'fragile')).status).toBe(200);
  });

  it('tells what the server and its models are', async () => {
    const { call } = servingFlowers();
    expect((await call('GET', '/v2')).json).toMatchObject({ name: 'evergreen', version: '1.2.3' });
    expect((await call('GET', '/v2/health/live')).json).toEqual({ live: true });
    expect((await call('GET', '/v2/health/ready')).json).toEqual({ ready: true });
    expect((await call('GET', '/v2/models/flowers/ready')).json).toEqual({ name: 'flowers', ready: true });
    expect((await call('GET', '/v2/models/flowers')).json).toMatchObject({
      name: 'flowers',
      versions: ['1'],
      inputs: [
        { name: 'numbers', datatype: 'FP32', shape: [-1, 4] },
        { name: 'texts', datatype: 'BYTES', shape: [-1, 1] },
      ],
    });
    expect((await call('GET', '/nothing')).status).toBe(404);
    expect((await call('DELETE', '/v2')).status).toBe(404);
  });
});

describe('Serving of a canary', () => {
  it('lets weight 0 never and weight 100 always answer', async () => {
    const { source, predict, champion } = servingFlowers({ liveCacheMs: 0 });
    const candidate = source.add(2, trainedFlowers());
    for (const [weight, version] of [
      [0, 1],
      [100, 2],
    ] as const) {
      source.setLive('flowers', { champion, candidate: asCandidate(candidate, weight) });
      for (let i = 0; i < 50; i++) expect((await predict([aFlower])).json.version).toBe(version);
    }
  });

  it('lets each candidate of an A/B test answer its share, by its own name, and the champion the rest', async () => {
    const { source, predict, champion, ofKind } = servingFlowers({ liveCacheMs: 0 });
    const candidate = asCandidate(source.add(2, trainedFlowers()), 40);
    const other = {
      ...asCandidate(source.add(3, trainedFlowers()), 40),
      arm: 2,
      spans: [{ from: 40, to: 80 }],
    };
    source.setLive('flowers', { champion, candidate, arms: [other] });
    for (let i = 0; i < 60; i++) await predict([aFlower]);
    const sides = new Set(ofKind('prediction').map(({ version, variant }) => `${version} ${variant}`));
    expect([...sides].sort()).toEqual(['1 champion', '2 candidate', '3 candidate-2']);
  });

  it('answers with the champion when the candidate fails, and counts it against the candidate alone', async () => {
    const { source, predict, ofKind } = aServer();
    const failing = defineModel({ ...fragileModel().definition, name: 'prices', features: prices.features });
    const { model, golden, modelDigest } = fragileModel();
    source.setLive('prices', {
      champion: source.add(1, trainedPrices()),
      // Its file takes one number where the definition has two: it cannot even be loaded.
      candidate: asCandidate(source.add(2, { definition: failing, model, golden, modelDigest }), 100),
    });
    const { status, json } = await predict([{ size: 50, rooms: 2 }], 'prices');
    expect([status, json.version]).toEqual([200, 1]);
    expect(ofKind('model-error')).toEqual([
      expect.objectContaining({ variant: 'candidate', version: '2', code: 'model-inadmissible' }),
    ]);
    expect(ofKind('prediction')).toEqual([expect.objectContaining({ variant: 'champion', version: '1' })]);
  });

  it('answers with the champion when the candidate gives no number', async () => {
    const { source, predict, ofKind } = aServer();
    const good = fragileModel();
    const trained = trainedPrices();
    // The champion is sound for every number; the candidate fails for those below 0.
    const definition = defineModel({
      ...good.definition,
      name: 'prices',
      features: { size: { type: 'number' } },
    });
    source.setLive('prices', {
      champion: source.add(1, trained),
      candidate: asCandidate(
        source.add(2, { ...good, definition, golden: { ...good.golden, rows: [{ size: 1 }, { size: 10 }] } }),
        100,
      ),
    });
    expect((await predict([{ size: -5, rooms: 2 }], 'prices')).json.version).toBe(1);
    expect(ofKind('model-error')).toHaveLength(1);
  });

  it('blames nobody for a request that fits neither', async () => {
    const { source, predict, lines, champion } = servingFlowers();
    source.setLive('flowers', { champion, candidate: asCandidate(source.add(2, trainedFlowers()), 100) });
    expect((await predict([{}])).status).toBe(422);
    expect(lines.map(({ kind }) => kind)).toEqual(['rejected-request']);
  });
});
