import type { ReadHashKey } from '../data/privacy/hash-key.store.ts';
import { deployedModel } from '../model/deployed-model.ts';
import { hashKeyNameOf } from '../model/disguise.ts';
import { requireSignature, signatureKeyOf, type TrustedKey } from '../registry/model-signature.ts';
import { type Lineage, type PackageManifest, packageManifest } from '../registry/registry.ts';
import { canonicalJson, requireDigest, sha256 } from '../shared/digest.ts';
import { EvergreenError, messageOf } from '../shared/errors.ts';
import { type Explanation, explanation } from '../training/explanation.ts';
import { type GoldenAnswers, goldenAnswers } from '../training/model-package.ts';
import { admitModel } from './admission.ts';
import { sessionBytesOf } from './memory-budget.ts';
import { type ModelSession, openSession } from './session.ts';
import { compileRowTarget, type RowTarget } from './wire.ts';

/** What the registry says of a package: where it lies, and the digests it must have. */
export interface PackageReference {
  packagePrefix: string;
  packageDigest: string;
  modelDigest: string;
}

/** Reads one object of the model bucket; throws EvergreenError `artifact-missing` when it is not there. */
export type ReadObject = (key: string) => Promise<Uint8Array>;

/** Whose signature a package must have; asked for once in a process. */
export type Trust = () => Promise<TrustedKey>;

/** Told what a model is about to take, before it does; throws when there is no room. */
export type MakeRoom = (memoryBytes: number) => void;

/** A version that is ready to answer. */
export interface LoadedModel extends RowTarget {
  /** About what it takes, see memory-budget.ts. */
  memoryBytes: number;
  golden: GoldenAnswers;
  session: ModelSession;
  /**
   * What explanations of single predictions need; undefined when the package has none. It is read when it is first
   * asked for, so that nobody waits for it who wants a prediction.
   *
   * @throws EvergreenError `artifact-missing` or `artifact-damaged`.
   */
  readExplanation(): Promise<Explanation | undefined>;
}

export const packagePrefixOf = (model: string, packageDigest: string) =>
  `packages/${model}/${packageDigest}/`;

export interface SealedPackage {
  packageDigest: string;
  packagePrefix: string;
  manifest: Uint8Array;
}

/** Makes the manifest that names each file's digest; its own digest is the package's. */
export function sealPackage(
  model: string,
  files: Readonly<Record<string, Uint8Array>>,
  lineage: Lineage,
): SealedPackage {
  const document: PackageManifest = {
    schema: 'evergreen/package/v1',
    model,
    files: Object.fromEntries(
      Object.entries(files).map(([name, bytes]) => [name, { sha256: sha256(bytes), bytes: bytes.length }]),
    ),
    lineage,
  };
  const manifest = new TextEncoder().encode(canonicalJson(document));
  const packageDigest = sha256(manifest);
  return { manifest, packageDigest, packagePrefix: packagePrefixOf(model, packageDigest) };
}

function parseJson<Output>(
  bytes: Uint8Array,
  what: string,
  schema: { parse: (value: unknown) => Output },
): Output {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new EvergreenError(
      'artifact-damaged',
      `${what} is not the document it should be: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

async function readSignature(packagePrefix: string, key: string, read: ReadObject): Promise<Uint8Array> {
  try {
    return await read(key);
  } catch (cause) {
    if (!(cause instanceof EvergreenError) || cause.code !== 'artifact-missing') throw cause;
    throw new EvergreenError('signature-missing', `package ${packagePrefix} has no signature ${key}`, {
      cause,
    });
  }
}

function explanationReader(
  prefix: string,
  manifest: PackageManifest,
  read: ReadObject,
): LoadedModel['readExplanation'] {
  const file = manifest.files['explanation.json'];
  let reading: Promise<Explanation> | undefined;
  async function readOnce({ sha256: digest }: { sha256: string }): Promise<Explanation> {
    const bytes = await read(`${prefix}explanation.json`);
    requireDigest(bytes, digest, `${prefix}explanation.json`);
    return parseJson(bytes, 'explanation.json', explanation);
  }
  return async () => {
    if (!file) return undefined;
    reading ??= readOnce(file).catch((thrown: unknown) => {
      reading = undefined;
      throw thrown;
    });
    return reading;
  };
}

const loadedFiles = ['definition.json', 'golden.json', 'model.onnx'] as const;

/**
 * Loads a package: every file is held against its digest, from the registry down, and all of them against the
 * signature, before anything of it is used.
 *
 * @param readHashKey Without it personal texts that are hashed must come hashed: no package holds a key.
 * @throws EvergreenError `artifact-missing`, `artifact-damaged`, `signature-missing`, `signature-untrusted`,
 *   `signing-key-unavailable`, `hash-key-unavailable`, `model-inadmissible` or `golden-mismatch`; and what `makeRoom` throws.
 */
export async function openPackage(
  reference: PackageReference,
  read: ReadObject,
  trust: Trust,
  makeRoom: MakeRoom = () => undefined,
  readHashKey?: ReadHashKey,
): Promise<LoadedModel> {
  const { packagePrefix, packageDigest, modelDigest } = reference;
  const signatureKey = signatureKeyOf(packagePrefix);
  const [trusted, signature, [manifestBytes, ...contents]] = await Promise.all([
    trust(),
    readSignature(packagePrefix, signatureKey, read),
    Promise.all(['manifest.json', ...loadedFiles].map((name) => read(`${packagePrefix}${name}`))),
  ]);
  const [definitionBytes, goldenBytes, model] = contents;
  if (!manifestBytes || !definitionBytes || !goldenBytes || !model) {
    throw new EvergreenError('artifact-missing', `package ${packagePrefix} is not complete`);
  }
  requireDigest(manifestBytes, packageDigest, `${packagePrefix}manifest.json`);
  const manifest = parseJson(manifestBytes, 'manifest.json', packageManifest);
  for (const [place, name] of loadedFiles.entries()) {
    requireDigest(
      contents[place] ?? new Uint8Array(),
      manifest.files[name]?.sha256 ?? 'none',
      packagePrefix + name,
    );
  }
  requireDigest(model, modelDigest, `${packagePrefix}model.onnx`);
  requireSignature(signature, trusted, manifest, packageDigest, signatureKey);
  const { definition } = parseJson(definitionBytes, 'definition.json', deployedModel);
  const golden = parseJson(goldenBytes, 'golden.json', goldenAnswers);
  if (definition.name !== manifest.model) {
    throw new EvergreenError(
      'artifact-damaged',
      `package ${packagePrefix} of ${manifest.model} holds the definition of ${definition.name}`,
    );
  }
  const outline = admitModel(model, definition);
  const readsTexts = Object.values(definition.features).some(({ type }) => type === 'text');
  const memoryBytes = sessionBytesOf(model.length, outline, readsTexts);
  makeRoom(memoryBytes);
  const keyName = hashKeyNameOf(definition);
  const hashKey = keyName === undefined ? undefined : await readHashKey?.(definition.name, keyName);
  const session = await openSession({ model, modelDigest, definition, golden });
  const readExplanation = explanationReader(packagePrefix, manifest, read);
  return { memoryBytes, golden, session, ...compileRowTarget(definition, hashKey), readExplanation };
}
