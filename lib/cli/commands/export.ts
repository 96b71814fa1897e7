import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { exportVersion, indexFile } from '../../inference/export.ts';
import { packageReader } from '../../inference/package.store.ts';
import { readCardDocuments } from '../../registry/card/card-documents.ts';
import { renderCardFiles } from '../../registry/card/card-files.ts';
import { type ModelVersion, toLiveVersion } from '../../registry/registry.ts';
import { SigningKey } from '../../registry/signing-key.store.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { writeArchive } from '../edge-archive.ts';
import type { Platform } from '../edge-platforms.ts';
import { edgeReadme } from '../edge-readme.ts';
import { fields, lines, type Outcome } from '../outcome.ts';
import { requireModel } from '../stack-outputs.ts';

export interface ExportOptions {
  /** A file, or a folder for `serve --models`. */
  output?: string | undefined;
  platform?: Platform | undefined;
  /** Another way to name the version. */
  version?: number | undefined;
}

const isArchive = (place: string) => /\.(tar\.gz|tgz)$/.test(place);

/** A reader sees the file as it was before, or whole. */
function writeWhole(path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, bytes);
  renameSync(part, path);
}

async function findVersion(
  { registry }: Connection,
  model: string,
  number: number | undefined,
): Promise<ModelVersion> {
  const wanted = number ?? (await registry.readLive(model)).champion?.version;
  if (wanted !== undefined) return registry.readVersion(model, wanted);
  throw new EvergreenError(
    'model-not-served',
    `${model} has no champion yet; name a version, or upload data`,
  );
}

/** Writes a version into a folder; gives the number of its files. */
async function writeFolder(
  { s3, outputs }: Connection,
  version: ModelVersion,
  { folder, signingKey, at }: { folder: string; signingKey: Uint8Array; at: string },
): Promise<number> {
  const index = join(folder, indexFile);
  const parts = {
    read: packageReader(s3, outputs.ModelBucket),
    signingKey,
    write: async (name: string, bytes: Uint8Array) => writeWhole(join(folder, name), bytes),
    readIndex: async () => (existsSync(index) ? readFileSync(index) : undefined),
  };
  return exportVersion(parts, version.model, toLiveVersion(version, at), at);
}

/** Writes a version with all that is needed to serve it anywhere. */
export async function exportModel(
  context: Context,
  model: string,
  number: number | undefined,
  { output, platform, version: named }: ExportOptions,
): Promise<Outcome> {
  if (number !== undefined && named !== undefined && number !== named) {
    throw new EvergreenError('usage-invalid', `two versions are named, ${number} and ${named}; name one`);
  }
  const isFolder = output !== undefined && !isArchive(output);
  if (isFolder && platform !== undefined) {
    throw new EvergreenError(
      'usage-invalid',
      `--platform is for an archive, and ${output} is a folder; name a file that ends with .tar.gz`,
    );
  }
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  const version = await findVersion(connection, model, number ?? named);
  return isFolder
    ? exportFolder(context, connection, version, output)
    : exportArchive(context, connection, version, { output, platform });
}

async function exportFolder(
  context: Context,
  connection: Connection,
  version: ModelVersion,
  output: string,
): Promise<Outcome> {
  const { key } = await new SigningKey(connection.kms, connection.outputs.SigningKeyArn).trusted();
  const signingKey = key.export({ format: 'der', type: 'spki' });
  const folder = resolve(output);
  const at = context.now().toISOString();
  const files = await writeFolder(connection, version, { folder, signingKey, at });
  const { model, version: number, modelDigest } = version;
  return {
    data: { model, version: number, folder, files, modelDigest },
    view: [
      fields(['model', model], ['version', number], ['files', files], ['folder', folder]),
      lines('Serve it, here or on a machine without a network:', `  npx evergreen serve --models ${output}`),
    ],
  };
}

async function exportArchive(
  context: Context,
  connection: Connection,
  version: ModelVersion,
  given: { output: string | undefined; platform: Platform | undefined },
): Promise<Outcome> {
  const { s3, kms, outputs } = connection;
  const { model, version: number, modelDigest, packageDigest, createdAt } = version;
  const platform = given.platform ?? (process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64');
  const name = `${model}-${number}`;
  const file = given.output ?? `${name}-${platform}.tar.gz`;
  const { key, hint } = await new SigningKey(kms, outputs.SigningKeyArn).trusted();
  const signingKey = key.export({ format: 'der', type: 'spki' });
  const documents = await readCardDocuments(version, packageReader(s3, outputs.ModelBucket));
  context.progress({ kind: 'step', text: `bundling the runner for ${platform}` });
  const written = await writeArchive({ file, name, platform, at: new Date(createdAt) }, async (folder) => {
    // The time of the version, not of the export: the same version gives the same bytes.
    await writeFolder(connection, version, { folder: join(folder, 'models'), signingKey, at: createdAt });
    for (const [card, text] of Object.entries(renderCardFiles(version, documents))) {
      writeWhole(join(folder, 'card', card), text);
    }
    const { definition } = documents.deployed;
    writeWhole(join(folder, 'README.md'), edgeReadme({ version, definition, platform, signedBy: hint }));
    context.progress({ kind: 'step', text: `packing ${file}` });
  });
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return {
    data: { model, version: number, platform, ...written, modelDigest, packageDigest, signedBy: hint },
    view: [
      fields(
        ['model', model],
        ['version', number],
        ['platform', platform],
        ['file', written.file],
        ['size', `${mb(written.bytes)}, unpacked ${mb(written.unpackedBytes)}`],
        ['sha256', written.sha256],
        ['signed by', hint],
      ),
      lines(
        'Take it to a machine with Node 24, with or without a network:',
        `  tar xzf ${file} && cd ${name} && node run.mjs verify && node run.mjs serve`,
        `README.md in it tells the rest; how its predictions come back: node run.mjs sync --url ${connection.api.url} --key …`,
      ),
    ],
  };
}
