import { describe, expect, it, vi } from 'vitest';
import type { LoadedModel, PackageReference } from '../package.ts';
import { PinnedModel } from './pinned-model.ts';

const reference = (digest: string): PackageReference => ({
  packagePrefix: `packages/m/${digest}/`,
  packageDigest: digest,
  modelDigest: digest,
});

describe('PinnedModel', () => {
  const release = vi.fn(async () => undefined);
  const load = () => ({ session: { predict: async () => [], release } }) as unknown as LoadedModel;

  it('loads a version once for all its parts, and frees it for another', async () => {
    const open = vi.fn(async () => load());
    const pinned = new PinnedModel(open);
    const first = await pinned.open(reference('a'));
    expect(await pinned.open(reference('a'))).toBe(first);
    expect(open).toHaveBeenCalledTimes(1);
    expect(release).not.toHaveBeenCalled();
    expect(await pinned.open(reference('b'))).not.toBe(first);
    expect(release).toHaveBeenCalledTimes(1);
  });

  it('tries again what could not be loaded', async () => {
    const open = vi.fn(async () => load()).mockRejectedValueOnce(new Error('not now'));
    const pinned = new PinnedModel(open);
    await expect(pinned.open(reference('a'))).rejects.toThrow('not now');
    await pinned.open(reference('a'));
    expect(open).toHaveBeenCalledTimes(2);
  });
});
