import { describe, expect, it } from 'vitest';
import type { Row } from '../data/dataset.ts';
import { defineModel, type ModelDefinition } from '../model/definition.ts';
import { rollout } from '../model/policies.ts';
import { aSigningKey } from '../registry/fixtures/signing.ts';
import { signatureKeyOf } from '../registry/model-signature.ts';
import type { LiveVersion } from '../registry/registry.ts';
import { sha256 } from '../shared/digest.ts';
import { fragile, fragileModel, prices, trainedFlowers, trainedPrices } from './fixtures/models.ts';
import { float, input, model, node, output } from './fixtures/onnx-writer.ts';
import { MemorySource } from './fixtures/packages.ts';
import type { PredictionRecord } from './prediction-record.ts';
import { type ReplayRequest, replayPackage } from './replay.ts';
import type { SessionRequest } from './session.ts';

const policy = rollout.parse({});

function registered(trained: SessionRequest = trainedPrices()) {
  const source = new MemorySource();
  const version = source.add(1, trained);
  const replay = (
    candidate: LiveVersion = version,
    over: Partial<ReplayRequest> = {},
    stopwatch?: () => number,
  ) =>
    replayPackage(
      { candidate, champion: null, captured: [], policy, ...over },
      { read: source.read, trust: source.trust, ...(stopwatch && { stopwatch }) },
    );
  return { source, version, replay };
}

function captured(...requests: Row[][]): PredictionRecord[] {
  return requests.map((rows, index) => ({
    kind: 'prediction',
    predictionId: `p${index}`,
    traceId: 't',
    model: 'm',
    version: 1,
    modelDigest: 'd',
    datasetId: 'ds',
    variant: 'champion',
    at: '2026-11-23T10:00:00.000Z',
    latencyMs: 1,
    rows,
    predictions: [],
  }));
}

describe('replayPackage', () => {
  it('passes a package that answers its golden rows, and tells how fast', async () => {
    const { version, replay } = registered();
    let time = 0;
    const outcome = await replay(version, {}, () => {
      time += 1.5;
      return time;
    });
    expect(outcome).toMatchObject({ verdict: 'pass', rows: 20, p50Ms: 1.5, p99Ms: 1.5 });
  });

  it('refuses a package that was changed since it was registered', async () => {
    const { source, version, replay } = registered();
    source.damage(version, 'model.onnx');
    expect(await replay()).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^artifact-damaged/)],
    });
  });

  it('refuses a package of another digest than the registry has', async () => {
    const { version, replay } = registered();
    expect(await replay({ ...version, modelDigest: 'f'.repeat(64) })).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^artifact-damaged: .*model\.onnx/)],
    });
  });

  it('throws when a file is not there, so that it is tried again', async () => {
    const { source, version, replay } = registered();
    source.objects.delete(`${version.packagePrefix}golden.json`);
    await expect(replay()).rejects.toMatchObject({ code: 'artifact-missing' });
  });

  it('refuses a package without a signature, or with that of another key (F26)', async () => {
    const { source, version, replay } = registered();
    source.sign(version.packagePrefix, aSigningKey());
    expect(await replay()).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^signature-untrusted: .*was made by the key/)],
    });
    source.objects.delete(signatureKeyOf(version.packagePrefix));
    expect(await replay()).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^signature-missing: .*has no signature signatures\/prices\//)],
    });
  });

  it('refuses a model that takes its columns in another order than the trainer did', async () => {
    const { size, rooms } = prices.features;
    const swapped = { ...prices, features: { rooms, size } } as ModelDefinition;
    const { replay } = registered({ ...trainedPrices(), definition: swapped });
    expect(await replay()).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^golden-mismatch: .*row 0 gives .* instead of/)],
    });
  });

  it('refuses a model that answers golden rows or captured requests by what is no number', async () => {
    const trained = fragileModel();
    const golden = { ...trained.golden, rows: [{ x: -1 }, { x: 10 }] };
    expect(await registered({ ...trained, golden }).replay()).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^model-failed: .*gives NaN as value of row 0/)],
    });
    const { version, replay } = registered(trained);
    expect(await replay(version, { captured: captured([{ x: 2 }], [{ x: 3 }, { x: -1 }]) })).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^model-failed: .*gives NaN as value of row 1/)],
    });
  });

  it('refuses a definition that captured requests do not fit', async () => {
    const features = { x: { type: 'number', max: 5 } } as const;
    const narrow = defineModel({ ...fragile, features: features, train: {} });
    const trained = fragileModel();
    const golden = { ...trained.golden, rows: [{ x: 1 }], values: [0] };
    const { version, replay } = registered({ ...trained, definition: narrow, golden });
    expect(await replay(version, { captured: captured([{ x: 8 }]) })).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^request-invalid: \/rows\/0\/x /)],
    });
  });

  it('refuses a model that is slow beside the champion, or by itself', async () => {
    const { source, version, replay } = registered(fragileModel());
    const champion = source.add(2, fragileModel());
    // The first hundred runs are the candidate's on its golden rows, each between two looks at the watch.
    const slowFor = (milliseconds: number) => {
      let [looks, time] = [0, 0];
      return () => {
        looks += 1;
        time += looks <= 200 ? milliseconds : 1;
        return time;
      };
    };
    expect(await replay(version, { champion }, slowFor(60))).toMatchObject({
      verdict: 'fail',
      reasons: [
        "too-slow: half of the requests took longer than 60 ms, of the champion's 1 ms; 25 ms are allowed",
      ],
      championP50Ms: 1,
    });
    expect(await replay(version, { champion }, slowFor(20))).toMatchObject({ verdict: 'pass' });
    expect(await replay(version, {}, slowFor(1200))).toMatchObject({
      verdict: 'fail',
      reasons: ['too-slow: the 99th percentile of latency is 1200 ms; at most 1000 ms may be'],
    });
  });

  it('comes to an end with a model that is too slow for all that would be asked', async () => {
    const { version, replay } = registered(fragileModel());
    let time = 0;
    const slow = () => {
      time += 5000;
      return time;
    };
    const outcome = await replay(version, { captured: captured(...Array(50).fill([{ x: 2 }])) }, slow);
    expect(outcome.reasons).toEqual([
      'too-slow: the 99th percentile of latency is 5000 ms; at most 1000 ms may be',
    ]);
    expect(outcome.requests).toBeLessThan(15);
  });

  it('tells by class and slice where it answers captured requests otherwise than the champion', async () => {
    const { source, version, replay } = registered(trainedFlowers());
    const same = source.add(2, trainedFlowers());
    const rows = trainedFlowers().golden.rows;
    const asked = captured(...rows.map((row) => [row]));
    expect((await replay(version, { champion: same, captured: asked })).disagreement).toMatchObject({
      rows: rows.length,
      differing: 0,
      bySlice: [],
    });
    const other = source.add(3, fragileModel());
    const outcome = await replay(version, { champion: other, captured: asked });
    expect(outcome).toMatchObject({ verdict: 'pass', disagreement: null, requests: rows.length });
  });

  it('refuses more disagreement than is allowed', async () => {
    const { source, version, replay } = registered(fragileModel());
    const same = source.add(2, fragileModel());
    const asked = captured([{ x: 1 }, { x: 2 }], [{ x: 3 }]);
    expect(await replay(version, { champion: same, captured: asked, mostDisagreement: 0 })).toMatchObject({
      verdict: 'pass',
      disagreement: { rows: 3, differing: 0 },
    });
    const file = model([
      node('Neg', ['numbers'], ['value']),
      input('numbers', float, ['n', 1]),
      output('value', float, ['n', 1]),
    ]);
    const golden = { ...fragileModel().golden, values: [-1, -10] };
    const negative = { ...fragileModel(), model: file, modelDigest: sha256(file), golden };
    const other = source.add(3, negative);
    const over = { champion: other, captured: asked };
    expect(await replay(version, over)).toMatchObject({ verdict: 'pass', disagreement: { differing: 3 } });
    expect(await replay(version, { ...over, mostDisagreement: 0.2 })).toMatchObject({
      verdict: 'fail',
      reasons: [
        'disagreement: 3 of 3 captured rows are answered otherwise than by the champion; at most 20 % may be',
      ],
    });
  });

  it('asks nothing again that was not captured, and says so', async () => {
    const { version, replay } = registered();
    expect(await replay(version, { captured: captured([{ rooms: 3 }]) })).toMatchObject({
      verdict: 'pass',
      requests: 0,
      reasons: [expect.anything(), 'nothing captured was asked again: captured requests have no size'],
    });
  });

  it('asks no more than the definition says', async () => {
    const { version, replay } = registered(fragileModel());
    const asked = captured([{ x: 1 }], [{ x: 2 }], [{ x: 3 }]);
    const few = rollout.parse({ replay: { requests: 2 } });
    expect(await replay(version, { captured: asked, policy: few })).toMatchObject({ requests: 2 });
  });
});
