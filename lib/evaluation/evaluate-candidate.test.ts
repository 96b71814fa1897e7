import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetManifest } from '../data/dataset.ts';
import { type MemoryObjects, memoryObjects } from '../data/fixtures/memory-objects.ts';
import { parquetOf } from '../data/fixtures/parquet.ts';
import { readHeldOut } from '../data/held-out.ts';
import { readUnseen } from '../data/unseen.ts';
import { flowers, trainedFlowers } from '../inference/fixtures/models.ts';
import {
  bytes,
  float,
  input,
  message,
  model,
  node,
  number,
  opset,
  output,
  text,
} from '../inference/fixtures/onnx-writer.ts';
import { packageReader, writePackage } from '../inference/package.store.ts';
import { openPackage } from '../inference/package.ts';
import { replayPackage } from '../inference/replay.ts';
import { tryModel } from '../inference/trial.ts';
import { defineModel } from '../model/definition.ts';
import { definitionKey, deployModel } from '../model/deployed-model.ts';
import { rollout } from '../model/policies.ts';
import { aSigningKey } from '../registry/fixtures/signing.ts';
import { type Live, type LiveVersion, neverLive } from '../registry/registry.ts';
import { signPackage } from '../registry/sign-package.ts';
import { sha256 } from '../shared/digest.ts';
import { tarOf } from '../shared/fixtures/tar-writer.ts';
import { readRequiredBytes } from '../shared/objects.ts';
import { evaluateCandidate } from './evaluate-candidate.ts';
import { evaluationDocument } from './evaluation.ts';

const trialWorker = fileURLToPath(
  new URL('../../lambdas/evaluate-candidate/trial-worker.ts', import.meta.url),
);
const manifestKey = 'datasets/flowers/ds-1/manifest.json';
const artifactKey = 'jobs/job-1/output/model.tar.gz';
const trained = trainedFlowers();
const { golden } = trained;
const labels = golden.labels ?? [];
const signingKey = aSigningKey();

const definition = defineModel({
  ...flowers,
  gate: { limits: { accuracy: 0.8 }, champion: { metric: 'accuracy', margin: 0.02 } },
});
const code = { key: 'code.tar.gz', digest: 'c'.repeat(64), program: 'train.py' };
let deployed = deployModel(definition, code);

/** Another file with the same answers: a doc string is no part of them. */
const sameAnswers = Buffer.concat([trained.model, bytes(6, 'with int8 weights')]);

/** A file that answers `iris` whatever it is asked. */
const alwaysIris = model(
  [
    node('ArgMax', ['numbers'], ['best'], {
      attributes: [
        message(5, bytes(1, 'axis'), number(3, 1), number(20, 2)),
        message(5, bytes(1, 'keepdims'), number(3, 0), number(20, 2)),
      ],
    }),
    node('LabelEncoder', ['best'], ['label'], {
      domain: 'ai.onnx.ml',
      attributes: [
        message(5, bytes(1, 'keys_int64s'), number(8, 99), number(20, 7)),
        message(5, bytes(1, 'values_strings'), bytes(9, 'rose'), number(20, 8)),
        message(5, bytes(1, 'default_string'), bytes(4, 'iris'), number(20, 3)),
      ],
    }),
    input('numbers', float, ['n', 4]),
    input('texts', text, ['n', 1]),
    output('label', text, ['n']),
  ],
  [opset('', 18), opset('ai.onnx.ml', 2)],
);
const irises = { ...golden, labels: labels.map(() => 'iris'), scores: null };

const training = {
  schema: 'evergreen/training/v1',
  algorithm: 'logistic-regression',
  hyperparameters: {},
  seed: 42,
  rows: 100,
  metrics: {},
  folds: [],
  durationSeconds: 0.5,
  libraries: {},
};

/** The golden rows as a held-out file; the first `wrong` of them with a false target. */
function heldOut(wrong: number): Promise<Buffer> {
  const lines = golden.rows.map(({ length, width, petals, wild, colour }, row) => {
    const kind = row < wrong ? (labels[row] === 'rose' ? 'iris' : 'rose') : labels[row];
    const quoted = colour === null ? 'NULL' : `'${colour}'`;
    return `(${length}::DOUBLE, ${width}::DOUBLE, ${petals}::BIGINT, ${wild}, ${quoted}::VARCHAR, '${kind}')`;
  });
  return parquetOf(
    `SELECT * FROM (VALUES ${lines.join(', ')}) AS held_out(length, width, petals, wild, colour, kind)`,
  );
}

function aManifest(store: MemoryObjects): DatasetManifest {
  const file = (name: string) => {
    const key = `datasets/flowers/ds-1/${name}`;
    const bytes = store.objects.get(key) ?? Buffer.alloc(0);
    return { key, sha256: sha256(bytes), bytes: bytes.length };
  };
  return {
    schema: 'evergreen/dataset/v1',
    model: 'flowers',
    datasetId: 'ds-1',
    definitionDigest: deployed.digest,
    source: { bucket: 'data', key: 'k', versionId: 'v', format: 'csv', bytes: 1, sha256: 'a'.repeat(64) },
    rows: { read: 120, accepted: 120, quarantined: 0, duplicates: 0, train: 100, test: 20 },
    files: {
      train: file('train.parquet'),
      test: file('test.parquet'),
      golden: file('golden.json'),
      profile: file('profile.json'),
      report: file('report.json'),
      quarantine: null,
    },
    createdAt: '2026-11-23T10:00:00.000Z',
  };
}

describe('evaluateCandidate', { timeout: 20_000 }, () => {
  let sound: Buffer;
  let spoilt: Buffer;
  let store: MemoryObjects;
  let live: Live;

  beforeAll(async () => {
    sound = await heldOut(1);
    spoilt = await heldOut(8);
  });

  beforeEach(() => {
    store = memoryObjects();
    deployed = deployModel(definition, code);
    live = neverLive('flowers', '2026-11-23T10:00:00.000Z');
    store.put(definitionKey('flowers', deployed.digest), JSON.stringify(deployed));
    putDataset(sound);
    putOutput(trained.model);
  });

  function putDataset(test: Buffer): void {
    store.put('datasets/flowers/ds-1/test.parquet', test);
    const rows = golden.rows.map((row, index) => ({ ...row, kind: labels[index] ?? '' }));
    store.put(
      'datasets/flowers/ds-1/golden.json',
      JSON.stringify({ schema: 'evergreen/golden-rows/v1', rows }),
    );
    store.put(manifestKey, JSON.stringify(aManifest(store)));
  }

  function putOutput(
    onnx: Uint8Array,
    answers: object = golden,
    more: Record<string, Uint8Array | string> = {},
  ): void {
    const files = {
      'model.onnx': onnx,
      'golden.json': JSON.stringify(answers),
      'training.json': JSON.stringify(training),
      ...more,
    };
    const entries = Object.entries(files).map(([name, content]) => ({ name, content }));
    store.put(artifactKey, gzipSync(tarOf(entries)));
  }

  const evaluate = (runId = 'run-1', mostCells?: number) =>
    evaluateCandidate(
      {
        registry: { readLive: async () => live },
        readDeployed: async () => deployed,
        readTuningReport: async () => null,
        readArchive: () => packageReader(store.s3, 'models')(artifactKey),
        readHeldOut: (columns) =>
          readHeldOut(store.s3, { bucket: 'data', key: manifestKey }, columns, mostCells),
        readUnseen: (columns, trainedOn) =>
          readUnseen(store.s3, { bucket: 'data', manifestKey }, trainedOn, columns, mostCells),
        readPackageFile: packageReader(store.s3, 'models'),
        trust: async () => signingKey,
        tryModel: (candidate) => tryModel(candidate, trialWorker),
        writePackage: (files, about) => writePackage(store.s3, 'models', files, about),
      },
      {
        runId,
        model: 'flowers',
        definitionDigest: deployed.digest,
        datasetId: 'ds-1',
        manifestKey,
        trainingJobName: 'job-1',
        codeDigest: 'c'.repeat(64),
      },
    );

  const read = (key: string) => readRequiredBytes(store.s3, { bucket: 'models', key });

  /** As registration does it. */
  const signed = (packagePrefix: string | null, packageDigest: string | null) =>
    signPackage(
      {
        read,
        sign: async (manifest, digest) => signingKey.sign(manifest, digest),
        write: async (key, bundle) => store.put(key, bundle),
      },
      { model: 'flowers', packagePrefix: packagePrefix ?? '', packageDigest: packageDigest ?? '' },
    );

  async function crown(): Promise<LiveVersion> {
    const { packagePrefix, packageDigest, modelDigest } = await evaluate('run-0');
    await signed(packagePrefix, packageDigest);
    const champion = {
      version: 4,
      packagePrefix: packagePrefix ?? '',
      packageDigest: packageDigest ?? '',
      modelDigest: modelDigest ?? '',
      datasetId: 'ds-0',
      since: '2026-11-23T10:00:00.000Z',
    };
    live = { ...live, champion, revision: 1 };
    return champion;
  }

  it('keeps a candidate that passes as a package that serving can load', async () => {
    const outcome = await evaluate();
    expect(outcome).toMatchObject({
      verdict: 'pass',
      metrics: { accuracy: 0.95 },
      championVersion: null,
      modelDigest: trained.modelDigest,
      reasons: ['accuracy is 0.95; at least 0.8 is asked for', 'no champion yet'],
    });
    const { packagePrefix, packageDigest, modelDigest } = outcome;
    expect(packagePrefix).toBe(`packages/flowers/${packageDigest}/`);
    expect(store.written.at(-1)).toBe(`${packagePrefix}manifest.json`);
    const document = evaluationDocument.parse(JSON.parse(store.text(`${packagePrefix}evaluation.json`)));
    expect(document).toMatchObject({ rows: 20, champion: null, classes: ['rose', 'iris', 'daisy'] });
    expect(document.candidate.answers).toEqual(labels);
    expect(document.candidate.perClass?.rose?.support).toBeGreaterThan(0);
    await signed(packagePrefix, packageDigest);
    const reference = {
      packagePrefix: packagePrefix ?? '',
      packageDigest: packageDigest ?? '',
      modelDigest: modelDigest ?? '',
    };
    const { session } = await openPackage(reference, read, async () => signingKey);
    expect(await session.predict(golden.rows.slice(0, 1))).toHaveLength(1);
    const asked = { candidate: reference, champion: null, captured: [], policy: rollout.parse({}) };
    expect(await replayPackage(asked, { read, trust: async () => signingKey })).toMatchObject({
      verdict: 'pass',
      rows: 20,
    });
  });

  it('gives the same package for the same inputs', async () => {
    const first = await evaluate();
    const before = store.digests();
    expect(await evaluate()).toEqual(first);
    expect(store.digests()).toEqual(before);
  });

  it('leaves no manifest when it dies between two writes', async () => {
    store.failWrite(3);
    await expect(evaluate()).rejects.toThrow('died');
    expect([...store.objects.keys()].filter((key) => key.endsWith('/manifest.json'))).toEqual([manifestKey]);
    expect((await evaluate()).verdict).toBe('pass');
  });

  it('compares with the champion on the same rows', async () => {
    await crown();
    const outcome = await evaluate();
    expect(outcome).toMatchObject({ verdict: 'pass', championVersion: 4 });
    expect(outcome.reasons[1]).toMatch(/of champion 4 0\.95: not worse/);
    const document = evaluationDocument.parse(
      JSON.parse(store.text(`${outcome.packagePrefix}evaluation.json`)),
    );
    expect(document.champion?.version).toBe(4);
    expect(document.comparison).toMatchObject({ gain: 0, pValue: 1, verdict: 'not-worse' });
  });

  it('refuses a candidate below the limits', async () => {
    putDataset(spoilt);
    expect(await evaluate()).toMatchObject({
      verdict: 'fail',
      reasons: ['accuracy is 0.6; at least 0.8 is asked for'],
    });
  });

  it('fails closed when the champion is damaged', async () => {
    const { packagePrefix } = await crown();
    store.put(`${packagePrefix}model.onnx`, 'something else');
    const outcome = await evaluate();
    expect(outcome).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringContaining('cannot be loaded')],
    });
  });

  it('fails closed when nobody knows what the champion was trained on', async () => {
    const { packagePrefix } = await crown();
    store.put(`${packagePrefix}training.json`, '{}');
    expect(await evaluate()).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/what it was trained on is not known: .*training\.json/)],
    });
  });

  it('takes a model that is not admitted for an outcome, not for an error', async () => {
    putOutput(Buffer.from('\x80\x04\x95pickled'));
    expect(await evaluate()).toMatchObject({ verdict: 'fail', packagePrefix: null });
    putOutput(
      model([
        node('Loop', ['numbers'], ['label']),
        input('numbers', float, ['n', 4]),
        input('texts', text, ['n', 1]),
        output('label', text, ['n']),
      ]),
    );
    expect((await evaluate()).reasons[0]).toMatch(/Loop/);
    expect(store.written).toEqual([]);
  });

  it("takes an answer other than the trainer's for an outcome", async () => {
    putOutput(trained.model, { ...golden, labels: labels.toReversed() });
    expect((await evaluate()).reasons[0]).toMatch(/^golden-mismatch: /);
  });

  it('does not let the trainer choose its golden rows', async () => {
    putOutput(trained.model, {
      ...golden,
      rows: golden.rows.slice(0, 1),
      labels: labels.slice(0, 1),
      scores: golden.scores?.slice(0, 1) ?? null,
    });
    await expect(evaluate()).rejects.toMatchObject({ code: 'training-output-invalid' });
  });

  it('judges by a sample where more is held out than fits, the same in every try', async () => {
    const first = await evaluate('run-1', 6 * 12);
    const document = evaluationDocument.parse(
      JSON.parse(store.text(`${first.packagePrefix}evaluation.json`)),
    );
    expect(document).toMatchObject({ rows: 12, heldOutRows: 20 });
    expect(document.truth).toHaveLength(12);
    expect(first.reasons.at(-1)).toBe('judged by a sample of 12 of the 20 held-out rows');
    expect(await evaluate('run-1', 6 * 12)).toEqual(first);
  });

  it('does not evaluate on held-out rows that are not those of the manifest', async () => {
    store.put('datasets/flowers/ds-1/test.parquet', spoilt);
    await expect(evaluate()).rejects.toMatchObject({ code: 'artifact-damaged' });
  });

  describe('of a definition that asks for int8', () => {
    function ask(mostLoss: number | undefined, limit = 0.8): void {
      const gate = { ...definition.gate, limits: { accuracy: limit } };
      const serve = { quantise: 'int8' as const, ...(mostLoss === undefined ? {} : { mostLoss }) };
      deployed = deployModel(defineModel({ ...definition, gate, serve }), code);
      store.put(definitionKey('flowers', deployed.digest), JSON.stringify(deployed));
      putDataset(sound);
    }

    const withInt8 = (onnx: Uint8Array, answers: object = golden) =>
      putOutput(trained.model, golden, {
        'model.int8.onnx': onnx,
        'golden.int8.json': JSON.stringify(answers),
      });

    function served(packagePrefix: string | null) {
      const { quantisation, candidate } = evaluationDocument.parse(
        JSON.parse(store.text(`${packagePrefix}evaluation.json`)),
      );
      const file = (name: string) => store.objects.get(`${packagePrefix}${name}`);
      return { quantisation, candidate, file };
    }

    it('makes the file that loses nothing the one that is registered and served', async () => {
      ask(0);
      const own = { ...golden, tolerance: 1e-3 };
      withInt8(sameAnswers, own);
      const outcome = await evaluate();
      const { packagePrefix, packageDigest, modelDigest } = outcome;
      expect(outcome).toMatchObject({ verdict: 'pass', modelDigest: sha256(sameAnswers) });
      expect(outcome.reasons.at(-1)).toBe(
        'accuracy is 0.95 with int8 weights and 0.95 without, a loss of 0; at most 0 is allowed, so the int8 file is served',
      );
      const { quantisation, candidate, file } = served(packagePrefix);
      expect(quantisation).toMatchObject({
        verdict: 'served',
        loss: 0,
        interval: { low: 0, high: 0 },
        full: { modelDigest: trained.modelDigest, bytes: trained.model.length, value: 0.95 },
        quantised: { modelDigest: sha256(sameAnswers), bytes: sameAnswers.length, value: 0.95 },
      });
      expect(candidate.modelDigest).toBe(modelDigest);
      expect(file('model.int8.onnx')).toBeUndefined();
      await signed(packagePrefix, packageDigest);
      const reference = {
        packagePrefix: packagePrefix ?? '',
        packageDigest: packageDigest ?? '',
        modelDigest: modelDigest ?? '',
      };
      const opened = await openPackage(reference, read, async () => signingKey);
      expect(opened.golden.tolerance).toBe(1e-3);
      await opened.session.release();
    });

    it('serves the full file when the other loses more than is allowed', async () => {
      ask(0.01);
      withInt8(alwaysIris, irises);
      const outcome = await evaluate();
      expect(outcome).toMatchObject({ verdict: 'pass', modelDigest: trained.modelDigest });
      expect(outcome.reasons.at(-1)).toMatch(
        /^accuracy is 0\.\d+ with int8 weights and 0\.95 without, a loss of 0\.\d+; at most 0\.01 is allowed, so the full file is served$/,
      );
      const { quantisation, candidate } = served(outcome.packagePrefix);
      expect(quantisation).toMatchObject({ verdict: 'refused', quantised: { bytes: alwaysIris.length } });
      expect(quantisation?.loss).toBeGreaterThan(0.01);
      expect(quantisation?.interval?.high).toBeGreaterThan(quantisation?.loss ?? 1);
      expect(candidate.modelDigest).toBe(trained.modelDigest);
    });

    it('serves the full file when the gate would refuse the other', async () => {
      ask(1);
      withInt8(alwaysIris, irises);
      const outcome = await evaluate();
      expect(outcome).toMatchObject({ verdict: 'pass', modelDigest: trained.modelDigest });
      expect(outcome.reasons.at(-1)).toMatch(
        /^the gate refuses the int8 file \(accuracy is 0\.\d+; at least 0\.8 is asked for\), so the full file is served$/,
      );
      expect(served(outcome.packagePrefix).quantisation).toMatchObject({ verdict: 'refused' });
    });

    it.each<[string, () => void, string, string]>([
      [
        'answers its golden rows otherwise',
        () => withInt8(sameAnswers, irises),
        'refused',
        'golden-mismatch: ',
      ],
      ['is not admitted', () => withInt8(Buffer.from('PK\u0003\u0004')), 'refused', 'model-inadmissible: '],
      ['was not left', () => putOutput(trained.model), 'none', 'the trainer left no model.int8.onnx'],
    ])('serves the full file when the other %s', async (_, put, verdict, reason) => {
      ask(undefined);
      put();
      const outcome = await evaluate();
      expect(outcome).toMatchObject({ verdict: 'pass', modelDigest: trained.modelDigest });
      const { quantisation } = served(outcome.packagePrefix);
      expect(quantisation).toMatchObject({ verdict, quantised: null, loss: null });
      expect(quantisation?.reason).toMatch(new RegExp(`^${reason}.*; the full file is served$`));
    });

    it('passes on why the trainer left no such file', async () => {
      ask(undefined);
      const quantisation = { kind: 'int8', reason: 'it is made of trees' };
      putOutput(trained.model, golden, { 'training.json': JSON.stringify({ ...training, quantisation }) });
      const { packagePrefix } = await evaluate();
      expect(served(packagePrefix).quantisation?.reason).toBe(
        'the model has no int8 file: it is made of trees; the full file is served',
      );
    });

    it('does not look at such a file unless the definition asks for it', async () => {
      withInt8(alwaysIris, irises);
      const outcome = await evaluate();
      expect(outcome).toMatchObject({ verdict: 'pass', modelDigest: trained.modelDigest });
      expect(served(outcome.packagePrefix).quantisation).toBeNull();
    });

    it('does not let the trainer choose the golden rows of that file either', async () => {
      ask(undefined);
      withInt8(sameAnswers, { ...irises, rows: golden.rows.toReversed() });
      await expect(evaluate()).rejects.toThrow(/golden\.int8\.json has other rows/);
    });
  });
});
