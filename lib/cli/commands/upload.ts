import { basename } from 'node:path';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { forceMetadata } from '../../data/source.store.ts';
import { isEnded, type Run } from '../../intake/run.ts';
import { partyPrefix } from '../../model/federation.ts';
import { formatOf } from '../../model/source-format.ts';
import { sha256 } from '../../shared/digest.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { followRun } from '../follow-run.ts';
import { fields, lines, type Outcome } from '../outcome.ts';
import { readNamedFile } from '../row-files.ts';
import { requireModel, requireParty } from '../stack-outputs.ts';
import { waitFor } from '../waiting.ts';
import { exitCodeOfRun, runView } from './runs.ts';

const runAppearsMs = 60_000;
const earlierRunsSearched = 500;
/** S3 keys may be 1,024 bytes; the rest belongs to the prefix. */
const longestName = 100;

/** Where an upload goes: the same bytes under the same name have the same key. */
export function uploadKey(model: string, path: string, digest: string, party?: string): string {
  const name = basename(path)
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(-longestName);
  const folder = party === undefined ? `incoming/${model}/` : partyPrefix(model, party);
  return `${folder}${digest.slice(0, 12)}-${name === '' ? 'data' : name}`;
}

interface Uploaded {
  key: string;
  versionId: string | null;
  sha256: string;
  bytes: number;
  /** False when the same bytes were there already. */
  uploaded: boolean;
}

/** The version of an object that holds the same bytes, or undefined. */
export async function existingVersion(
  connection: Connection,
  key: string,
  digest: string,
): Promise<string | undefined> {
  try {
    const head = await connection.s3.send(
      new HeadObjectCommand({ Bucket: connection.outputs.DataBucket, Key: key }),
    );
    return head.Metadata?.sha256 === digest ? head.VersionId : undefined;
  } catch (thrown) {
    if (thrown instanceof Error && (thrown.name === 'NotFound' || thrown.name === 'NoSuchKey'))
      return undefined;
    throw thrown;
  }
}

export interface UploadWish {
  /** Uploads although the same bytes are there: a new run looks at them, and reuses what they led to before. */
  again?: boolean | undefined;
  /** Uploads, and asks to be trained whatever the same bytes led to before. */
  force?: boolean | undefined;
  /** Puts the rows where only this party's jobs read them, and starts nothing. */
  party?: string | undefined;
}

/** Puts a file where intake sees it, or where a party's jobs do. */
export async function uploadFile(
  connection: Connection,
  model: string,
  path: string,
  wish: UploadWish = {},
): Promise<Uploaded> {
  const body = readNamedFile(path);
  const digest = sha256(body);
  const key = uploadKey(model, path, digest, wish.party);
  const facts = { key, sha256: digest, bytes: body.length };
  const { again = false, force = false } = wish;
  const before = again || force ? undefined : await existingVersion(connection, key, digest);
  if (before !== undefined) return { ...facts, versionId: before, uploaded: false };
  const { VersionId } = await connection.s3.send(
    new PutObjectCommand({
      Bucket: connection.outputs.DataBucket,
      Key: key,
      Body: body,
      Metadata: { sha256: digest, ...(force ? { [forceMetadata.name]: forceMetadata.value } : {}) },
      // S3 refuses bytes that changed on the way.
      ChecksumSHA256: Buffer.from(digest, 'hex').toString('base64'),
    }),
  );
  return { ...facts, versionId: VersionId ?? null, uploaded: true };
}

async function findRun(
  connection: Connection,
  model: string,
  { key, versionId }: Uploaded,
  searched: number,
): Promise<Run | undefined> {
  const runs = await connection.runs.list({ model, limit: searched });
  return runs.find(
    ({ source }) => source?.key === key && (versionId === null || source.versionId === versionId),
  );
}

/** The run that an upload began, as soon as intake has made it. */
export function runOfUpload(connection: Connection, model: string, uploaded: Uploaded): Promise<Run> {
  return waitFor(() => findRun(connection, model, uploaded, 50), {
    limitMs: runAppearsMs,
    everyMs: connection.target === 'local' ? 100 : 1000,
    whenOver: `no run of ${uploaded.key} has appeared; look with \`npx evergreen runs list\``,
  });
}

export interface UploadOptions {
  wait?: boolean | undefined;
  force?: boolean | undefined;
  party?: string | undefined;
}

async function uploadForParty(
  connection: Connection,
  model: string,
  path: string,
  { party = '', wait = false, force = false }: UploadOptions,
): Promise<Outcome> {
  if (wait || force) {
    throw new EvergreenError(
      'usage-invalid',
      "--wait and --force are about a run, and a party's rows begin none; leave them out with --party",
    );
  }
  requireParty(connection.outputs, model, party);
  const format = formatOf(path)?.format;
  if (format === undefined) {
    throw new EvergreenError(
      'usage-invalid',
      `${path} is no CSV, Parquet or JSON lines by its name, and a party's job refuses other files`,
    );
  }
  const uploaded = await uploadFile(connection, model, path, { party });
  const said = uploaded.uploaded ? 'uploaded as' : 'there already as';
  return {
    data: { ...uploaded, party, run: null },
    view: [
      lines(
        `${path} ${said} ${uploaded.key}`,
        `no run begins; the next upload for ${model} trains with all rows of its parties`,
      ),
    ],
  };
}

export async function upload(
  context: Context,
  model: string,
  path: string,
  options: UploadOptions,
): Promise<Outcome> {
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  if (options.party !== undefined) return uploadForParty(connection, model, path, options);
  const uploaded = await uploadFile(connection, model, path, { force: options.force });
  const run = uploaded.uploaded
    ? await runOfUpload(connection, model, uploaded)
    : await findRun(connection, model, uploaded, earlierRunsSearched);
  const said = uploaded.uploaded
    ? `${path} uploaded as ${uploaded.key}`
    : `the same bytes are there already as ${uploaded.key}; nothing was uploaded (--force uploads them again)`;
  if (!run)
    return {
      data: { ...uploaded, run: null },
      view: [lines(said, 'the run they began is no longer on the list')],
    };
  // What has ended needs no waiting for.
  if (options.wait !== true || (!uploaded.uploaded && isEnded(run.status))) {
    return {
      data: { ...uploaded, run },
      view: [
        lines(said),
        fields(['run', run.runId], ['status', run.status], ['reason', run.reason]),
        ...(isEnded(run.status) ? [] : [lines(`watch it: npx evergreen runs watch ${run.runId}`)]),
      ],
      exitCode: options.wait === true || run.status === 'refused' ? exitCodeOfRun(run) : 0,
    };
  }
  context.progress({ kind: 'note', text: said });
  const followed = await followRun(connection, run.runId, context.progress);
  return {
    data: { ...uploaded, ...followed },
    view: runView(followed.run, followed.states, context.now()),
    exitCode: exitCodeOfRun(followed.run),
  };
}
