import { describe, expect, it } from 'vitest';
import { aSigningKey } from '../registry/fixtures/signing.ts';
import { signatureKeyOf } from '../registry/model-signature.ts';
import { trainedPrices } from './fixtures/models.ts';
import { MemorySource } from './fixtures/packages.ts';
import { replayPackage } from './replay.ts';

function registered() {
  const source = new MemorySource();
  const version = source.add(1, trainedPrices());
  const { read, trust } = source;
  return { source, version, read, trust };
}

describe('replayPackage', () => {
  it('passes a package that answers its golden rows, and tells how fast', async () => {
    const { version, read, trust } = registered();
    let time = 0;
    const outcome = await replayPackage(version, read, trust, () => {
      time += 1.5;
      return time;
    });
    expect(outcome).toMatchObject({ verdict: 'pass', rows: 20, p50Ms: 1.5, p99Ms: 1.5 });
  });

  it('refuses a package that was changed since it was registered', async () => {
    const { source, version, read, trust } = registered();
    source.damage(version, 'model.onnx');
    expect(await replayPackage(version, read, trust)).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^artifact-damaged/)],
    });
  });

  it('throws when a file is not there, so that it is tried again', async () => {
    const { source, version, read, trust } = registered();
    source.objects.delete(`${version.packagePrefix}golden.json`);
    await expect(replayPackage(version, read, trust)).rejects.toMatchObject({ code: 'artifact-missing' });
  });

  it('refuses a package without a signature, or with that of another key (F26)', async () => {
    const { source, version, read, trust } = registered();
    source.sign(version.packagePrefix, aSigningKey());
    expect(await replayPackage(version, read, trust)).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^signature-untrusted: .*was made by the key/)],
    });
    source.objects.delete(signatureKeyOf(version.packagePrefix));
    expect(await replayPackage(version, read, trust)).toMatchObject({
      verdict: 'fail',
      reasons: [expect.stringMatching(/^signature-missing: .*has no signature signatures\/prices\//)],
    });
  });
});
