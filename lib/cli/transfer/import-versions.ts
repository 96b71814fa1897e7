import { InvokeCommand } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { type ModelVersion, modelVersion } from '../../registry/registry.ts';
import { EvergreenError } from '../../shared/errors.ts';
import type { Connection } from '../connection.ts';
import { admitVersion, type PackageFile } from './admit-version.ts';
import { putMissing } from './put-missing.ts';
import type { Transfer } from './read-transfer.ts';
import type { TransferManifest } from './transfer-manifest.ts';

type Packed = TransferManifest['versions'][number];
type Target = Pick<Connection, 's3' | 'outputs' | 'registry' | 'lambda'>;

export interface ImportedVersion {
  /** Its number where it came from, and here. */
  from: number;
  version: number;
  isNew: boolean;
}

/** Versions that are not here yet, each admitted: before the first is written, all of them are known to be good. */
export async function admitVersions(
  { registry }: Pick<Target, 'registry'>,
  transfer: Transfer,
  told: (what: string) => void,
): Promise<Map<Packed, PackageFile[]>> {
  const { model, versions } = transfer.manifest;
  const known = new Set((await registry.listVersions(model)).map(({ packageDigest }) => packageDigest));
  const admitted = new Map<Packed, PackageFile[]>();
  for (const packed of versions) {
    if (known.has(packed.version.packageDigest)) continue;
    told(`trying version ${packed.version.version}`);
    admitted.set(packed, await admitVersion(transfer, packed));
  }
  return admitted;
}

/**
 * Writes packages and has them signed and registered here, as versions that nothing sends traffic to. A package that is
 * here already keeps its number.
 */
export async function importVersions(
  { s3, outputs, registry, lambda }: Target,
  transfer: Transfer,
  admitted: ReadonlyMap<Packed, PackageFile[]>,
  who: string,
): Promise<ImportedVersion[]> {
  const { model, versions, from } = transfer.manifest;
  const here = new Map(
    (await registry.listVersions(model)).map(({ packageDigest, version }) => [packageDigest, version]),
  );
  const imported: ImportedVersion[] = [];
  for (const packed of versions) {
    const { version: there } = packed;
    const before = here.get(there.packageDigest);
    const files = admitted.get(packed);
    if (before !== undefined || !files) {
      if (before !== undefined) imported.push({ from: there.version, version: before, isNew: false });
      continue;
    }
    // The manifest is the last of the files: until it is there nobody takes the others for a package.
    for (const { name, sha256 } of files) {
      const key = there.packagePrefix + name;
      await putMissing(s3, { bucket: outputs.ModelBucket, key }, { ...transfer.file(sha256, key), sha256 });
    }
    const { parentVersion } = there.lineage;
    const parent = imported.find((each) => each.from === parentVersion)?.version ?? null;
    const { version } = await register({ lambda, outputs }, there, {
      championVersion: parent,
      author: who,
      importedFrom: { ...from, version: there.version },
    });
    imported.push({ from: there.version, version, isNew: true });
  }
  return imported;
}

async function register(
  { lambda, outputs }: Pick<Target, 'lambda' | 'outputs'>,
  { model, packagePrefix, packageDigest, modelDigest, metrics, lineage }: ModelVersion,
  about: { championVersion: number | null; author: string; importedFrom: ModelVersion['importedFrom'] },
): Promise<ModelVersion> {
  const request = { model, packagePrefix, packageDigest, modelDigest, metrics, lineage, ...about };
  const answer = await lambda.send(
    new InvokeCommand({
      FunctionName: outputs.RegisterVersionFunction,
      Payload: new TextEncoder().encode(JSON.stringify(request)),
    }),
  );
  const text = new TextDecoder().decode(answer.Payload);
  if (answer.FunctionError === undefined) return modelVersion.parse(JSON.parse(text));
  const { errorMessage } = z.looseObject({ errorMessage: z.string().default(text) }).parse(JSON.parse(text));
  throw new EvergreenError(
    'import-failed',
    `version ${about.importedFrom?.version} of ${model} was not registered: ${errorMessage}`,
  );
}
