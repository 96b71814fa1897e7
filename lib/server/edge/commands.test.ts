import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aFlower } from '../../inference/fixtures/models.ts';
import { edgeCapture } from '../../monitoring/edge-captures.ts';
import { aSigningKey } from '../../registry/fixtures/signing.ts';
import { exportedFlowers } from '../fixtures/exported.ts';
import { placesOf } from './capture-places.ts';
import { type EdgePlace, label, predict, serve, verify } from './commands.ts';
import { edgeLine } from './edge-line.ts';

let exported: Awaited<ReturnType<typeof exportedFlowers>>;
let place: EdgePlace;
let root: string;

beforeAll(async () => {
  exported = await exportedFlowers();
});
afterAll(() => rmSync(exported.folder, { recursive: true }));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'edge-'));
  cpSync(exported.folder, join(root, 'models'), { recursive: true });
  place = {
    models: join(root, 'models'),
    captures: join(root, 'captures'),
    limitBytes: 1_000_000,
    trustFile: undefined,
    serverVersion: '1.2.3',
  };
});
afterEach(() => rmSync(root, { recursive: true }));

function kept() {
  const { queue } = placesOf(place.captures);
  const texts = readdirSync(queue).map((name) => readFileSync(join(queue, name), 'utf8'));
  return texts
    .flatMap((text) => text.split('\n').filter(Boolean))
    .map((line) => edgeLine.parse(JSON.parse(line)));
}

/** Changes one byte of a file of the package. */
function tamper(name: string): void {
  const path = join(place.models, exported.first.packagePrefix, name);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  writeFileSync(path, bytes);
}

describe('verify', () => {
  it('holds every file against the signature', async () => {
    const { version, packageDigest } = exported.first;
    expect(await verify(place)).toEqual([
      {
        model: 'flowers',
        version,
        packageDigest,
        signedBy: expect.stringMatching(/^[0-9a-f]{64}$/),
        files: 5,
      },
    ]);
  });

  it.each(['model.onnx', 'golden.json', 'definition.json', 'manifest.json', 'explanation.json'])(
    'names %s when a byte of it was changed',
    async (name) => {
      tamper(name);
      await expect(verify(place)).rejects.toMatchObject({
        code: 'artifact-damaged',
        message: expect.stringContaining(name),
      });
    },
  );

  it('refuses an archive of another key than the one that is trusted', async () => {
    const trustFile = join(root, 'key.der');
    writeFileSync(trustFile, aSigningKey().der);
    await expect(verify({ ...place, trustFile })).rejects.toMatchObject({ code: 'signature-untrusted' });
    writeFileSync(trustFile, readFileSync(join(place.models, 'signing-key.der')));
    expect(await verify({ ...place, trustFile })).toHaveLength(1);
  });

  it('refuses an archive that names a version and holds none', async () => {
    const live = join(place.models, 'live', 'flowers.json');
    writeFileSync(live, JSON.stringify({ ...JSON.parse(readFileSync(live, 'utf8')), champion: null }));
    await expect(verify(place)).rejects.toThrow(/holds no version of flowers/);
    await expect(label(place, { predictionId: 'p', row: 0, label: 'rose' }, undefined)).rejects.toThrow(
      /holds no version of flowers/,
    );
  });
});

describe('predict', () => {
  it('answers as the server does, and keeps what it answered', async () => {
    const { status, reply } = await predict(place, [aFlower], undefined);
    expect([status, reply]).toMatchObject([200, { model: 'flowers', predictions: [{ label: 'iris' }] }]);
    const [line] = kept();
    if (line?.kind !== 'prediction') throw new Error('no prediction was kept');
    expect(line).toMatchObject({
      model: 'flowers',
      capture: {
        predictionId: (reply as { predictionId: string }).predictionId,
        version: 1,
        packageDigest: exported.first.packageDigest,
        predictions: [{ label: 'iris' }],
      },
    });
    expect(edgeCapture.parse(line.capture)).toEqual(line.capture);
  });

  it('refuses what does not fit with a problem, and keeps nothing', async () => {
    expect(await predict(place, [{ odd: 1 }], 'flowers')).toMatchObject({ status: 422 });
    expect(await predict(place, [aFlower], 'wine')).toMatchObject({ status: 404 });
    expect(kept()).toEqual([]);
  });

  it('does not answer from a package that was changed, and names the file', async () => {
    tamper('model.onnx');
    await expect(predict(place, [aFlower], undefined)).rejects.toThrow(/model\.onnx has the digest/);
  });

  it('asks which model is meant when there are several', async () => {
    const index = join(place.models, 'export.json');
    writeFileSync(index, JSON.stringify({ schema: 'evergreen/export/v1', models: ['flowers', 'wine'] }));
    await expect(predict(place, [aFlower], undefined)).rejects.toThrow(
      /--model <name>, one of flowers, wine/,
    );
  });

  it('says where predictions cannot be kept', async () => {
    writeFileSync(place.captures, '');
    await expect(predict(place, [aFlower], undefined)).rejects.toThrow(/--captures/);
  });
});

describe('label', () => {
  it('keeps a label with the predictions', async () => {
    await label(place, { predictionId: 'p1', row: 2, label: 'rose' }, undefined);
    expect(kept()).toEqual([
      { kind: 'label', model: 'flowers', label: { predictionId: 'p1', row: 2, label: 'rose' } },
    ]);
  });

  it('refuses a label that the model does not know', async () => {
    await expect(label(place, { predictionId: 'p', row: 0, label: 'oak' }, undefined)).rejects.toThrow(
      /the label is oak; allowed are rose, iris, daisy/,
    );
  });
});

describe('serve', () => {
  const ask = async ({ port }: { port: number }) => {
    const { status } = await fetch(`http://127.0.0.1:${port}/models/flowers/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows: [aFlower] }),
    });
    return status;
  };

  it('answers on loopback, and has kept every answer when it has stopped', async () => {
    const server = await serve(place, { port: 0 }, () => undefined);
    expect(server.host).toBe('127.0.0.1');
    for (let asked = 0; asked < 3; asked += 1) expect(await ask(server)).toBe(200);
    expect(await server.stop()).toBe(0);
    expect(kept()).toHaveLength(3);
  });

  it('answers on while captures are given up, and counts them', async () => {
    const entries: object[] = [];
    mkdirSync(placesOf(place.captures).queue, { recursive: true });
    writeFileSync(join(placesOf(place.captures).queue, '0.jsonl'), 'old\n'.repeat(100));
    const server = await serve({ ...place, limitBytes: 300 }, { port: 0 }, (entry) => entries.push(entry));
    expect(await ask(server)).toBe(200);
    await expect
      .poll(() => entries, { timeout: 5000 })
      .toContainEqual({ level: 'warn', kind: 'captures-dropped', records: 100 });
    const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    expect(text).toMatch(/drop\w* 100$/m);
    await server.stop();
  });

  it('does not begin with a package that was changed', async () => {
    tamper('model.onnx');
    await expect(serve(place, { port: 0 }, () => undefined)).rejects.toThrow(/model\.onnx has the digest/);
  });
});
