import { describe, expect, it } from 'vitest';
import { EvergreenError } from '../shared/errors.ts';
import { trainedPrices } from './fixtures/models.ts';
import { MemorySource } from './fixtures/packages.ts';
import { replayPackage } from './replay.ts';

function registered() {
  const source = new MemorySource();
  const version = source.add(1, trainedPrices());
  const read = async (key: string) => {
    const bytes = source.objects.get(key);
    if (bytes) return bytes;
    throw new EvergreenError('artifact-missing', key);
  };
  return { source, version, read };
}

describe('replayPackage', () => {
  it('passes a package that answers its golden rows, and tells how fast', async () => {
    const { version, read } = registered();
    let time = 0;
    const outcome = await replayPackage(version, read, () => {
      time += 1.5;
      return time;
    });
    expect(outcome).toMatchObject({ verdict: 'pass', rows: 20, p50Ms: 1.5, p99Ms: 1.5 });
  });

  it('refuses a package that was changed since it was registered', async () => {
    const { source, version, read } = registered();
    source.damage(version, 'model.onnx');
    expect(await replayPackage(version, read)).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^artifact-damaged/)],
    });
  });

  it('throws when a file is not there, so that it is tried again', async () => {
    const { source, version, read } = registered();
    source.objects.delete(`${version.packagePrefix}golden.json`);
    await expect(replayPackage(version, read)).rejects.toMatchObject({ code: 'artifact-missing' });
  });
});
