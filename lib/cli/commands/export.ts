import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { exportVersion, indexFile } from '../../inference/export.ts';
import { packageReader } from '../../inference/package.store.ts';
import { toLiveVersion } from '../../registry/registry.ts';
import { SigningKey } from '../../registry/signing-key.store.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { fields, lines, type Outcome } from '../outcome.ts';
import { requireModel } from '../stack-outputs.ts';

/** A reader sees the file as it was before, or whole. */
function writeWhole(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, bytes);
  renameSync(part, path);
}

/** Writes a version with all that is needed to serve it anywhere. */
export async function exportModel(
  context: Context,
  model: string,
  version: number | undefined,
  { out }: { out: string },
): Promise<Outcome> {
  const { outputs, registry, s3, kms } = await connect(context);
  requireModel(outputs, model);
  const { champion } = await registry.readLive(model);
  const wanted = version ?? champion?.version;
  if (wanted === undefined) {
    throw new EvergreenError(
      'model-not-served',
      `${model} has no champion yet; name a version, or upload data`,
    );
  }
  const at = context.now().toISOString();
  const exported = toLiveVersion(await registry.readVersion(model, wanted), at);
  const { key } = await new SigningKey(kms, outputs.SigningKeyArn).trusted();
  const folder = resolve(out);
  const index = join(folder, indexFile);
  const files = await exportVersion(
    {
      read: packageReader(s3, outputs.ModelBucket),
      signingKey: key.export({ format: 'der', type: 'spki' }),
      write: async (name, bytes) => writeWhole(join(folder, name), bytes),
      readIndex: async () => (existsSync(index) ? readFileSync(index) : undefined),
    },
    model,
    exported,
    at,
  );
  return {
    data: { model, version: wanted, folder, files, modelDigest: exported.modelDigest },
    view: [
      fields(['model', model], ['version', wanted], ['files', files], ['folder', folder]),
      lines('Serve it, here or on a machine without a network:', `  npx evergreen serve --models ${out}`),
    ],
  };
}
