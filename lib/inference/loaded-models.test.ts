import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LiveVersion } from '../registry/registry.ts';
import { EvergreenError } from '../shared/errors.ts';
import { trainedFlowers } from './fixtures/models.ts';
import { LoadedModels, type MemoryChange, NoRoomAhead } from './loaded-models.ts';
import type { LoadedModel } from './package.ts';
import type { RefusedVersion } from './refused-versions.ts';
import { compileRowTarget } from './wire.ts';

const mebibyte = 1024 ** 2;

function versionOf(model: string, version = 1): LiveVersion {
  const packageDigest = `${model}-${version}`;
  return {
    version,
    packagePrefix: `packages/${model}/${packageDigest}/`,
    packageDigest,
    modelDigest: 'd'.repeat(64),
    datasetId: 'ds-1',
    since: '2026-11-23T00:00:00.000Z',
  };
}

/** Models that take `sizes` MiB, each 10 unless it is named, in a budget of MiB; what happens is told in `told`. */
function aMemory(budget: number, sizes: Record<string, number> = {}) {
  const told: string[] = [];
  const changes: MemoryChange[] = [];
  const refused: RefusedVersion[] = [];
  /** Sessions that are not released yet: a package may be loaded anew while the last session of it is still in use. */
  const held = new Map<object, { digest: string; memoryBytes: number }>();
  const clock = { now: 1_000_000 };
  let beforeOpen: (digest: string) => Promise<void> = async () => undefined;
  const models = new LoadedModels({
    budgetBytes: budget * mebibyte,
    now: () => clock.now,
    loadDeadlineMs: 200,
    onRefused: (each) => void refused.push(each),
    onChange: (change) => void changes.push(change),
    async open({ packageDigest }, makeRoom): Promise<LoadedModel> {
      told.push(`read ${packageDigest}`);
      await beforeOpen(packageDigest);
      const memoryBytes = (sizes[packageDigest.split('-')[0] ?? ''] ?? 10) * mebibyte;
      makeRoom(memoryBytes);
      const predict = async () => {
        if (!held.has(session)) throw new Error(`${packageDigest} was released`);
        return [];
      };
      const session = {
        predict,
        answer: predict,
        release: async () => {
          expect(held.delete(session)).toBe(true);
          told.push(`released ${packageDigest}`);
        },
      };
      held.set(session, { digest: packageDigest, memoryBytes });
      const { definition, golden } = trainedFlowers();
      return {
        ...compileRowTarget(definition),
        memoryBytes,
        golden,
        session,
        readExplanation: async () => undefined,
      };
    },
  });
  const request = (model: string, version = 1, keep: string[] = []) => ({
    model,
    version: versionOf(model, version),
    keep,
    isAhead: false,
  });
  const use = (model: string, version?: number, keep?: string[]) => models.use(request(model, version, keep));
  const touch = async (model: string, version?: number, keep?: string[]) => {
    using _ = await use(model, version, keep);
  };
  const onOpen = (run: typeof beforeOpen) => {
    beforeOpen = run;
  };
  const inMemory = () => [...held.values()].map(({ digest }) => digest.replace('-1', '')).sort();
  return { models, told, changes, refused, clock, use, touch, onOpen, inMemory, request, held };
}

describe('LoadedModels', () => {
  it('lets the least recently used go when there is no room', async () => {
    const { touch, inMemory, changes } = aMemory(30);
    for (const model of ['a', 'b', 'c', 'a', 'd']) await touch(model);
    expect(inMemory()).toEqual(['a', 'c', 'd']);
    expect(changes.at(-2)).toMatchObject({ kind: 'version-released', model: 'b', why: 'budget' });
    expect(changes.at(-1)).toMatchObject({
      kind: 'version-loaded',
      model: 'd',
      memoryBytes: 10 * mebibyte,
      loadedVersions: 3,
      loadedBytes: 30 * mebibyte,
    });
    await touch('b');
    expect(inMemory()).toEqual(['a', 'b', 'd']);
  });

  it('makes room before a model is loaded, not afterwards', async () => {
    const { touch, told } = aMemory(20, { c: 20 });
    for (const model of ['a', 'b', 'c']) await touch(model);
    expect(told.slice(2)).toEqual(['read c-1', 'released a-1', 'released b-1']);
  });

  it('never releases what is in use, and lets it go as soon as it is given back', async () => {
    const { use, touch, inMemory } = aMemory(20);
    const first = await use('a');
    const again = await use('a');
    await touch('b');
    const third = await use('c');
    expect(inMemory()).toEqual(['a', 'c']);
    const fourth = await use('d');
    expect(inMemory()).toEqual(['a', 'c', 'd']);
    await first.loaded.session.predict([]);
    first[Symbol.dispose]();
    expect(inMemory()).toEqual(['a', 'c', 'd']);
    again[Symbol.dispose]();
    expect(inMemory()).toEqual(['c', 'd']);
    third[Symbol.dispose]();
    fourth[Symbol.dispose]();
    expect(inMemory()).toEqual(['c', 'd']);
  });

  it('keeps a version that is no longer live until its last use is given back', async () => {
    const { models, use, inMemory, changes } = aMemory(100);
    const served = await use('a');
    models.keepOnly(new Set());
    expect(inMemory()).toEqual(['a']);
    expect(models.useLoaded(versionOf('a'))).toBeUndefined();
    served[Symbol.dispose]();
    expect(inMemory()).toEqual([]);
    expect(changes.at(-1)).toMatchObject({ why: 'not-live', loadedVersions: 0, loadedBytes: 0 });
  });

  it('loads a package once for many callers, and holds it for each of them', async () => {
    const { use, touch, told, inMemory } = aMemory(10);
    const served = await Promise.all(Array.from({ length: 20 }, () => use('a')));
    expect(told).toEqual(['read a-1']);
    const pushing = touch('b');
    for (const each of served.slice(1)) each[Symbol.dispose]();
    await pushing;
    // The one that is given back first goes first: the other is still in use.
    expect(inMemory()).toEqual(['a']);
    served[0]?.[Symbol.dispose]();
    await touch('b');
    expect(inMemory()).toEqual(['b']);
  });

  it('does not push the champion out for a candidate, and says so when both do not fit', async () => {
    const { touch, inMemory, refused } = aMemory(25, { other: 5 });
    await touch('a', 1);
    await touch('other');
    await touch('a', 2, ['a-1']);
    expect(inMemory()).toEqual(['a', 'a-2', 'other']);
    const small = aMemory(18, { other: 5 });
    await small.touch('a', 1);
    await small.touch('other');
    await expect(small.touch('a', 2, ['a-1'])).rejects.toMatchObject({
      code: 'memory-budget-exceeded',
      message:
        'version 2 of a takes about 10 MiB of memory beside the 10 MiB of the champion, which stays; the budget of this process is 18 MiB',
    });
    expect(small.inMemory()).toEqual(['a', 'other']);
    expect(small.refused).toEqual([expect.objectContaining({ version: 2, code: 'memory-budget-exceeded' })]);
    expect(refused).toEqual([]);
  });

  it('refuses a model larger than the budget, and lets nothing go for it', async () => {
    const { touch, inMemory, refused, told, clock } = aMemory(30, { huge: 31 });
    await touch('a');
    await expect(touch('huge')).rejects.toThrow(
      'version 1 of huge takes about 31 MiB of memory; the budget of this process is 30 MiB',
    );
    expect(inMemory()).toEqual(['a']);
    await expect(touch('huge')).rejects.toMatchObject({ code: 'memory-budget-exceeded' });
    expect(told.filter((each) => each === 'read huge-1')).toHaveLength(1);
    clock.now += 2000;
    await expect(touch('huge')).rejects.toBeInstanceOf(EvergreenError);
    expect(refused).toHaveLength(2);
  });

  it('lets nothing go for what nobody waits for, and does not read it again to see that', async () => {
    const { models, touch, inMemory, told, refused, request } = aMemory(20);
    await touch('a');
    await models.loadAhead(request('b'));
    await expect(models.loadAhead(request('c'))).rejects.toBeInstanceOf(NoRoomAhead);
    await expect(models.loadAhead(request('c'))).rejects.toBeInstanceOf(NoRoomAhead);
    expect(inMemory()).toEqual(['a', 'b']);
    expect(told.filter((each) => each === 'read c-1')).toHaveLength(1);
    expect(refused).toEqual([]);
    await touch('c');
    expect(inMemory()).toEqual(['b', 'c']);
  });

  it('makes room after all when somebody asks for what is being loaded ahead', async () => {
    const { models, touch, onOpen, inMemory, request } = aMemory(10);
    await touch('a');
    const gate = Promise.withResolvers<void>();
    onOpen(() => gate.promise);
    const ahead = models.loadAhead(request('b'));
    const asked = touch('b');
    gate.resolve();
    await Promise.all([ahead, asked]);
    expect(inMemory()).toEqual(['b']);
  });

  it('loads what callers wait for before what nobody waits for', async () => {
    const { models, touch, onOpen, told, request } = aMemory(100);
    const gate = Promise.withResolvers<void>();
    onOpen(() => gate.promise);
    const all = [touch('first'), models.loadAhead(request('later')), touch('asked')];
    await new Promise((resolve) => setImmediate(resolve));
    all.push(touch('asked-too'));
    gate.resolve();
    await Promise.all(all);
    expect(told).toEqual(['read first-1', 'read asked-1', 'read asked-too-1', 'read later-1']);
  });

  it('releases a session that came too late', async () => {
    const { touch, onOpen, told, held } = aMemory(100);
    const { promise, resolve } = Promise.withResolvers<void>();
    onOpen(() => promise);
    await expect(touch('a')).rejects.toMatchObject({ code: 'service-unavailable' });
    resolve();
    await new Promise((done) => setImmediate(done));
    // It learns in time that it has no place.
    expect(held.size).toBe(0);
    expect(told).toEqual(['read a-1']);
  });

  it('never holds more than the budget and what is in use, whatever is asked in whatever order', async () => {
    const step = fc.record({
      model: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      what: fc.constantFrom('take', 'take', 'give', 'ahead', 'drop'),
      pick: fc.nat(20),
    });
    const sizes = { a: 3, b: 5, c: 8, d: 13, e: 21, f: 34 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { models, use, held, request } = aMemory(40, sizes);
        const taken: Awaited<ReturnType<typeof use>>[] = [];
        for (const { model, what, pick } of steps) {
          if (what === 'take') taken.push(await use(model));
          else if (what === 'give') taken.splice(pick % (taken.length || 1), 1)[0]?.[Symbol.dispose]();
          else if (what === 'drop') {
            const used = new Set(['a-1', 'b-1', 'c-1', 'd-1', 'e-1', 'f-1']);
            used.delete(`${model}-1`);
            models.keepOnly(used);
          } else {
            await models.loadAhead(request(model)).catch((thrown: unknown) => {
              expect(thrown).toBeInstanceOf(NoRoomAhead);
            });
          }
          for (const each of taken) await each.loaded.session.predict([]);
          const inUse = new Set(taken.map(({ loaded }) => loaded));
          const usedBytes = [...inUse].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
          const heldBytes = [...held.values()].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
          expect(heldBytes).toBeLessThanOrEqual(Math.max(40 * mebibyte, usedBytes + 34 * mebibyte));
        }
        for (const each of taken) each[Symbol.dispose]();
        models.keepOnly(new Set());
        expect(held.size).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
