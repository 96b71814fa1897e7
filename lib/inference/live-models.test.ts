import { describe, expect, it } from 'vitest';
import { aSigningKey } from '../registry/fixtures/signing.ts';
import { signatureKeyOf } from '../registry/model-signature.ts';
import { trainedFlowers, trainedPrices } from './fixtures/models.ts';
import { asCandidate, MemorySource } from './fixtures/packages.ts';
import { LiveModels } from './live-models.ts';
import type { MemoryChange } from './loaded-models.ts';
import type { RefusedVersion } from './refused-versions.ts';

function holding(budgetBytes?: number) {
  const source = new MemorySource();
  const refused: RefusedVersion[] = [];
  const changes: MemoryChange[] = [];
  const clock = { now: 1_000_000 };
  const models = new LiveModels({
    source,
    cacheMs: 2000,
    now: () => clock.now,
    onRefused: (each) => void refused.push(each),
    onChange: (change) => void changes.push(change),
    loadDeadlineMs: 500,
    budgetBytes,
  });
  const v1 = source.add(1, trainedFlowers());
  const v2 = source.add(2, trainedFlowers());
  const v3 = source.add(3, trainedFlowers());
  const champion = async () => {
    using served = await models.openChampion('flowers', await models.readLive('flowers'));
    return served.version.version;
  };
  return { source, refused, changes, clock, models, v1, v2, v3, champion };
}

describe('LiveModels', () => {
  it('loads a package once for fifty requests at once', async () => {
    const { source, champion, v1 } = holding();
    source.setLive('flowers', { champion: v1 });
    const versions = await Promise.all(Array.from({ length: 50 }, champion));
    expect(new Set(versions)).toEqual(new Set([1]));
    expect(source.opened).toHaveLength(1);
    expect(source.liveReads).toBe(1);
  });

  it('follows the registry within the cache time', async () => {
    const { source, champion, clock, v1, v2 } = holding();
    source.setLive('flowers', { champion: v2, previous: v1 });
    expect(await champion()).toBe(2);
    source.setLive('flowers', { champion: v1 });
    expect(await champion()).toBe(2);
    clock.now += 2000;
    expect(await champion()).toBe(1);
  });

  it('goes on with the last reading while the registry is down', async () => {
    const { source, champion, clock, v1 } = holding();
    source.setLive('flowers', { champion: v1 });
    await champion();
    source.isRegistryDown = true;
    clock.now += 5000;
    expect(await champion()).toBe(1);
  });

  it('is unavailable when the registry never answered', async () => {
    const { source, models } = holding();
    source.isRegistryDown = true;
    await expect(models.readLive('flowers')).rejects.toMatchObject({ code: 'service-unavailable' });
  });

  it.each(['model.onnx', 'golden.json', 'definition.json', 'manifest.json'])(
    'goes on with the last good version when %s of a new champion is damaged',
    async (file) => {
      const { source, champion, clock, refused, v1, v2 } = holding();
      source.setLive('flowers', { champion: v1 });
      await champion();
      source.damage(v2, file);
      source.setLive('flowers', { champion: v2, previous: v1 });
      clock.now += 2000;
      expect(await champion()).toBe(1);
      expect(refused).toEqual([expect.objectContaining({ version: 2, code: 'artifact-damaged' })]);
    },
  );

  it.each<[string, (held: ReturnType<typeof holding>) => void, string]>([
    [
      'has no signature',
      ({ source, v2 }) => void source.objects.delete(signatureKeyOf(v2.packagePrefix)),
      'signature-missing',
    ],
    [
      'was signed by an unknown key',
      ({ source, v2 }) => source.sign(v2.packagePrefix, aSigningKey()),
      'signature-untrusted',
    ],
    [
      'has the signature of another version',
      ({ source, v1, v2 }) => {
        const other = source.objects.get(signatureKeyOf(v1.packagePrefix)) ?? new Uint8Array();
        source.objects.set(signatureKeyOf(v2.packagePrefix), other);
      },
      'artifact-damaged',
    ],
  ])('goes on with the last good version when a new champion %s (F26)', async (_, harm, code) => {
    const held = holding();
    const { source, champion, clock, refused, v1, v2 } = held;
    source.setLive('flowers', { champion: v1 });
    await champion();
    harm(held);
    source.setLive('flowers', { champion: v2, previous: v1 });
    clock.now += 2000;
    expect(await champion()).toBe(1);
    expect(refused).toEqual([expect.objectContaining({ version: 2, code })]);
  });

  it('refuses every file of another signed version of the model in the place of its own (F25)', async () => {
    const { source, champion, refused, v1, v2 } = holding();
    for (const [key, bytes] of [...source.objects]) {
      if (key.startsWith(v1.packagePrefix))
        source.objects.set(key.replace(v1.packagePrefix, v2.packagePrefix), bytes);
    }
    const signature = source.objects.get(signatureKeyOf(v1.packagePrefix)) ?? new Uint8Array();
    source.objects.set(signatureKeyOf(v2.packagePrefix), signature);
    source.setLive('flowers', { champion: v2 });
    await expect(champion()).rejects.toMatchObject({ code: 'model-not-served' });
    expect(refused[0]?.code).toBe('artifact-damaged');
  });

  it('refuses what an intruder registered who could write everything but not sign (F26)', async () => {
    const { source, champion, refused } = holding();
    const intruder = new MemorySource();
    const planted = intruder.add(9, trainedFlowers());
    for (const [key, bytes] of intruder.objects) source.objects.set(key, bytes);
    source.setLive('flowers', { champion: planted });
    await expect(champion()).rejects.toMatchObject({ code: 'model-not-served' });
    expect(refused[0]).toMatchObject({ version: 9, code: 'signature-untrusted' });
  });

  it('loads nothing while the key does not answer, and goes on with what it holds (F27)', async () => {
    const { source, champion, clock, refused, v1, v2 } = holding();
    source.setLive('flowers', { champion: v1 });
    await champion();
    source.isKeyDown = true;
    source.setLive('flowers', { champion: v2, previous: v1 });
    clock.now += 2000;
    expect(await champion()).toBe(1);
    expect(refused[0]).toMatchObject({ code: 'signing-key-unavailable' });
    source.isKeyDown = false;
    clock.now += 2000;
    expect(await champion()).toBe(2);
  });

  it('refuses another valid model in the place of the registered one', async () => {
    const { source, champion, refused, v1 } = holding();
    const other = { ...v1, modelDigest: 'f'.repeat(64) };
    source.setLive('flowers', { champion: other });
    await expect(champion()).rejects.toMatchObject({ code: 'model-not-served' });
    expect(refused[0]?.code).toBe('artifact-damaged');
  });

  it('falls back to the version before when it starts with a damaged champion', async () => {
    const { source, champion, v1, v2 } = holding();
    source.damage(v2, 'model.onnx');
    source.setLive('flowers', { champion: v2, previous: v1 });
    expect(await champion()).toBe(1);
  });

  it('does not try a broken package again on each request, and takes it when it is whole again', async () => {
    const { source, champion, clock, refused, v1 } = holding();
    const key = `${v1.packagePrefix}model.onnx`;
    const whole = source.objects.get(key) ?? new Uint8Array();
    source.objects.delete(key);
    source.setLive('flowers', { champion: v1 });
    for (let i = 0; i < 10; i++) await expect(champion()).rejects.toMatchObject({ code: 'model-not-served' });
    expect(refused).toEqual([expect.objectContaining({ code: 'artifact-missing' })]);
    source.objects.set(key, whole);
    clock.now += 2000;
    expect(await champion()).toBe(1);
  });

  it('loads a candidate before the first request for it', async () => {
    const { source, models, champion, v1, v2 } = holding();
    source.setLive('flowers', { champion: v1, candidate: asCandidate(v2, 10) });
    await champion();
    await models.open('flowers', v2);
    // In a process that has loaded neither, callers of the champion do not wait for the candidate.
    expect(source.opened).toEqual([v1.packageDigest, v2.packageDigest]);
  });

  it('keeps serving the champion when a candidate never arrives', async () => {
    const { source, models, champion, clock, v1, v2 } = holding();
    source.setLive('flowers', { champion: v1 });
    await champion();
    source.beforeOpen = () => new Promise(() => undefined);
    source.setLive('flowers', { champion: v1, candidate: asCandidate(v2, 10) });
    clock.now += 2000;
    expect(await champion()).toBe(1);
    await expect(models.open('flowers', v2)).rejects.toMatchObject({ code: 'service-unavailable' });
  });

  it('forgets versions that are no longer live', async () => {
    const { source, champion, clock, v1, v2, v3 } = holding();
    for (const version of [v1, v2, v3]) {
      source.setLive('flowers', { champion: version });
      clock.now += 2000;
      await champion();
    }
    source.setLive('flowers', { champion: v1 });
    clock.now += 2000;
    await champion();
    expect(source.opened).toHaveLength(4);
  });

  it('lets a version go as soon as another champion has answered', async () => {
    const { source, champion, clock, changes, v1, v2 } = holding();
    for (const version of [v1, v2]) {
      source.setLive('flowers', { champion: version });
      clock.now += 2000;
      await champion();
    }
    expect(changes.at(-1)).toMatchObject({ kind: 'version-released', version: 1, why: 'not-live' });
  });

  it('keeps a champion in use while another takes its place', async () => {
    const { source, models, champion, clock, v1, v2 } = holding();
    source.setLive('flowers', { champion: v1 });
    using served = await models.openChampion('flowers', await models.readLive('flowers'));
    // Without the fallback to the champion before, nothing would hold on to it.
    for (const version of [v2, v2]) {
      source.setLive('flowers', { champion: version });
      clock.now += 2000;
      await champion();
    }
    clock.now += 2000;
    await champion();
    expect(await served.loaded.session.predict(served.loaded.golden.rows)).toHaveLength(20);
  });

  describe('with room for one version', () => {
    const oneVersion = 0.9 * 1024 ** 2;

    it('answers with the champion, and lets the candidate fail with the reason', async () => {
      const { source, models, champion, refused, v1, v2 } = holding(oneVersion);
      source.setLive('flowers', { champion: v1, candidate: asCandidate(v2, 10) });
      expect(await champion()).toBe(1);
      await expect(models.open('flowers', v2)).rejects.toMatchObject({ code: 'memory-budget-exceeded' });
      expect(await champion()).toBe(1);
      expect(source.opened.filter((digest) => digest === v1.packageDigest)).toHaveLength(1);
      expect(refused).toEqual([expect.objectContaining({ version: 2, code: 'memory-budget-exceeded' })]);
    });

    it('takes a new champion in the place of the last', async () => {
      const { source, champion, clock, refused, v1, v2 } = holding(oneVersion);
      source.setLive('flowers', { champion: v1 });
      expect(await champion()).toBe(1);
      source.setLive('flowers', { champion: v2, previous: v1 });
      clock.now += 2000;
      expect(await champion()).toBe(2);
      expect(refused).toEqual([]);
    });

    it('loads the last good champion again when the new one is damaged', async () => {
      const { source, champion, clock, models, v1, v2 } = holding(oneVersion);
      source.setLive('flowers', { champion: v1 });
      source.setLive('prices', { champion: source.add(1, trainedPrices()) });
      expect(await champion()).toBe(1);
      using _ = await models.openChampion('prices', await models.readLive('prices'));
      source.damage(v2, 'model.onnx');
      source.setLive('flowers', { champion: v2 });
      clock.now += 2000;
      expect(await champion()).toBe(1);
      expect(source.opened.filter((digest) => digest === v1.packageDigest)).toHaveLength(2);
    });

    it('warms up as long as there is room, and tells when there is none', async () => {
      const { source, models, v1 } = holding(oneVersion);
      source.setLive('flowers', { champion: v1 });
      source.setLive('prices', { champion: source.add(1, trainedPrices()) });
      expect(await models.warmUp('flowers', await models.readLive('flowers'))).toBe(true);
      expect(await models.warmUp('prices', await models.readLive('prices'))).toBe(false);
      expect(await models.warmUp('flowers', await models.readLive('flowers'))).toBe(true);
    });
  });
});
