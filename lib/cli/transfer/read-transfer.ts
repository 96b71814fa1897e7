import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip } from 'node:zlib';
import { extract } from 'tar';
import { sha256 } from '../../shared/digest.ts';
import { EvergreenError, messageOf } from '../../shared/errors.ts';
import {
  archiveDamaged,
  manifestFile,
  objectFile,
  parseTransferManifest,
  type TransferManifest,
} from './transfer-manifest.ts';

const mostManifestBytes = 64 * 1024 ** 2;
/** Headers and filling of one entry of a tar file, with room for long names. */
const tarBytes = 8192;
const slackBytes = 1 << 20;

/** An export whose every object is what its manifest says. */
export class Transfer {
  readonly manifest: TransferManifest;
  /** SHA-256 of manifest.json. */
  readonly sha256: string;
  readonly #folder: string;
  readonly #known: ReadonlyMap<string, { bytes: number }>;

  constructor(folder: string, manifest: TransferManifest, digest: string) {
    this.manifest = manifest;
    this.sha256 = digest;
    this.#folder = folder;
    this.#known = new Map(manifest.objects.map((object) => [object.sha256, object]));
  }

  has(digest: string): boolean {
    return this.#known.has(digest);
  }

  /** @throws EvergreenError `archive-damaged` when the manifest does not list it. */
  file(digest: string, what: string): { path: string; bytes: number } {
    const known = this.#known.get(digest);
    if (!known) throw archiveDamaged(`${what} is not in the export, and ${manifestFile} needs it`);
    return { path: join(this.#folder, objectFile(digest)), bytes: known.bytes };
  }

  read(digest: string, what: string): Promise<Uint8Array> {
    return readFile(this.file(digest, what).path);
  }
}

/**
 * Opens an export, a folder or a tar file, and reads all of it once before anything is done with it.
 *
 * @param expected SHA-256 of its manifest, as the export printed it; undefined when nobody knows it.
 * @throws EvergreenError `file-unreadable`; `archive-damaged`, which names the file.
 */
export async function withTransfer<Result>(
  place: string,
  expected: string | undefined,
  use: (transfer: Transfer) => Promise<Result>,
): Promise<Result> {
  if (!existsSync(place)) throw new EvergreenError('file-unreadable', `cannot read ${place}: no such file`);
  if (statSync(place).isDirectory()) return use(await checked(place, expected));
  const work = mkdtempSync(join(tmpdir(), 'evergreen-import-'));
  try {
    const why = await unpack(place, work);
    return await use(await checked(work, expected, why));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

type Wanted = (name: string, size: number) => boolean;

/** Unpacks the plain files that are wanted; gives why it ended early, if it did. */
function unpackWanted(file: string, folder: string, isWanted: Wanted): string | undefined {
  try {
    extract({
      file,
      cwd: folder,
      sync: true,
      strict: true,
      filter: (name, entry) => 'type' in entry && entry.type === 'File' && isWanted(name, entry.size),
    });
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function isGzip(file: string): boolean {
  const magic = Buffer.alloc(2);
  const opened = openSync(file, 'r');
  readSync(opened, magic);
  closeSync(opened);
  return magic.equals(Buffer.from([0x1f, 0x8b]));
}

/**
 * Writes an archive without its compression, as far as about `most` bytes; of one that was cut off all that comes before
 * that place. Says whether that was all.
 */
async function inflate(file: string, to: string, most: number): Promise<{ isWhole: boolean }> {
  const inflating = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
  const out = createWriteStream(to);
  let left = most;
  const upToMost = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      yield chunk.subarray(0, left);
      left -= chunk.length;
      if (left <= 0) return;
    }
  };
  await pipeline(createReadStream(file), inflating, upToMost, out).catch((cause: unknown) => {
    // Enough was read: that the rest was not is no fault of the file.
    if (left > 0) throw archiveDamaged(`${file} cannot be unpacked: ${messageOf(cause)}`, cause);
  });
  return { isWhole: left > 0 };
}

/**
 * Unpacks what an export has, the manifest first, which says what else is read: an archive may hold anything.
 *
 * @returns Why it ended early, if it did: what is missing is then found by the manifest.
 */
async function unpack(archive: string, folder: string): Promise<string | undefined> {
  const isPacked = isGzip(archive);
  const [head, plain] = [join(folder, 'head.tar'), join(folder, 'plain.tar')];
  if (isPacked) await inflate(archive, head, mostManifestBytes + slackBytes);
  const isManifest: Wanted = (name, size) => name === manifestFile && size <= mostManifestBytes;
  const why = unpackWanted(isPacked ? head : archive, folder, isManifest);
  if (isPacked) rmSync(head);
  const path = join(folder, manifestFile);
  if (!existsSync(path)) return why;
  const { objects } = parseTransferManifest(readFileSync(path, 'utf8'));
  const sizes = new Map(objects.map(({ sha256: digest, bytes }) => [objectFile(digest), bytes]));
  // A small archive may unpack to whatever fills a disk: no more is unpacked than is listed.
  const listed = objects.reduce((sum, { bytes }) => sum + bytes + tarBytes, statSync(path).size + slackBytes);
  const file = isPacked ? plain : archive;
  if (isPacked && !(await inflate(archive, plain, listed)).isWhole) {
    throw archiveDamaged(`${archive} unpacks to more than the ${listed} bytes that ${manifestFile} lists`);
  }
  const refused: string[] = [];
  const ended = unpackWanted(file, folder, (name, size) => {
    const expected = sizes.get(name);
    if (expected === size) return true;
    if (name !== manifestFile) {
      refused.push(
        expected === undefined
          ? `${name} is in the archive, and ${manifestFile} does not list it`
          : `${name} has ${size} bytes instead of ${expected}`,
      );
    }
    return false;
  });
  if (isPacked) rmSync(plain);
  const [first] = refused;
  if (first !== undefined) throw archiveDamaged(first);
  return ended;
}

async function checked(folder: string, expected: string | undefined, why?: string): Promise<Transfer> {
  const path = join(folder, manifestFile);
  const because = why === undefined ? '' : `; reading the archive ended with: ${why}`;
  if (!existsSync(path)) throw archiveDamaged(`${manifestFile} is missing: this is no export${because}`);
  const text = readFileSync(path, 'utf8');
  const digest = sha256(text);
  if (expected !== undefined && digest !== expected) {
    throw archiveDamaged(
      `${manifestFile} has the digest ${digest} instead of ${expected}, which --sha256 names`,
    );
  }
  const manifest = parseTransferManifest(text);
  for (const object of manifest.objects) {
    const file = join(folder, objectFile(object.sha256));
    const name = `${objectFile(object.sha256)} (${object.what})`;
    if (!existsSync(file)) throw archiveDamaged(`${name} is missing${because}`);
    const found = await digestOfFile(file);
    if (found.bytes !== object.bytes) {
      throw archiveDamaged(`${name} has ${found.bytes} bytes instead of ${object.bytes}${because}`);
    }
    if (found.sha256 !== object.sha256) throw archiveDamaged(`${name} has the digest ${found.sha256}`);
  }
  if (why !== undefined) throw archiveDamaged(`the archive is cut off or damaged: ${why}`);
  return new Transfer(folder, manifest, digest);
}

async function digestOfFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
