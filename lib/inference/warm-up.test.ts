import { describe, expect, it } from 'vitest';
import { neverLive } from '../registry/registry.ts';
import { EvergreenError } from '../shared/errors.ts';
import { warmUp } from './warm-up.ts';

/** Models of which each takes so many milliseconds to load, `true` says that there was room. */
function someModels(load: (model: string) => Promise<boolean>) {
  const begun: string[] = [];
  return {
    begun,
    readLive: async (model: string) => neverLive(model, '2026-11-23T00:00:00.000Z'),
    async warmUp(model: string) {
      begun.push(model);
      return load(model);
    },
  };
}

describe('warmUp', () => {
  it('loads by name until there is no room', async () => {
    const models = someModels(async (model) => model !== 'b');
    await warmUp(models, ['a', 'b', 'c']);
    expect(models.begun).toEqual(['a', 'b']);
  });

  it('passes over what cannot be loaded, and over nothing else', async () => {
    const refused = someModels(async (model) => {
      if (model === 'a') throw new EvergreenError('model-not-served', 'no');
      return true;
    });
    await warmUp(refused, ['a', 'b']);
    expect(refused.begun).toEqual(['a', 'b']);
    const broken = someModels(() => Promise.reject(new TypeError('a bug')));
    await expect(warmUp(broken, ['a'])).rejects.toThrow('a bug');
  });

  it('begins no load after its time, and does not wait for a slow one', async () => {
    const slow = someModels(() => new Promise((resolve) => setTimeout(() => resolve(true), 30)));
    await warmUp(slow, ['a', 'b', 'c'], { beginMs: 10, waitMs: 1000 });
    expect(slow.begun).toEqual(['a']);
    const endless = someModels(() => new Promise(() => undefined));
    await warmUp(endless, ['a', 'b'], { beginMs: 10, waitMs: 20 });
    expect(endless.begun).toEqual(['a']);
  });
});
