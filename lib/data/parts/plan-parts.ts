import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { formatOf, type SourceFormat, suffixesFor } from '../../model/source-format.ts';
import { writeDocument } from '../../shared/objects.ts';
import type { SourceObject } from '../dataset.ts';
import { readRunDefinition } from '../run-definition.store.ts';
import { downloadSource } from '../source.store.ts';
import { inTemporaryFolder } from './in-temporary-folder.ts';
import { newestVersion } from './parts.store.ts';
import {
  joinOutcome,
  type PartLimits,
  type PartProblem,
  type PartsRequest,
  type PlannedPart,
  partsKeys,
  partsPlan,
} from './parts.ts';
import {
  largestManifestBytes,
  mostParts,
  partsFolder,
  type UploadManifest,
  uploadManifest,
  uploadName,
} from './upload-manifest.ts';

export interface PlanPartsTools {
  s3: S3Client;
  /** The data bucket. */
  bucket: string;
  limits: PartLimits;
}

export interface PartsPlanned {
  parts: number;
  planKey: string;
  joinedKey: string;
}

const askedAtOnce = 20;

/**
 * Finds the version of each file that a manifest names. What is wrong with the manifest, or with files that can be judged
 * without reading them, is written down as the outcome; no part is left to read then.
 *
 * @throws EvergreenError `upload-missing` when the manifest is gone, `artifact-missing` (the definition),
 *   `service-unavailable`.
 */
export async function planParts(request: PartsRequest, tools: PlanPartsTools): Promise<PartsPlanned> {
  const { s3, bucket } = tools;
  const { definition } = await readRunDefinition(request, tools);
  const keys = partsKeys(request);
  const found = await readManifest(s3, request.source);
  const planned =
    'problems' in found
      ? found
      : await findParts(s3, request.source, found.manifest, definition.data.formats, tools.limits);
  const answer = { planKey: keys.plan, joinedKey: keys.joined };
  if ('problems' in planned) {
    const outcome = { outcome: 'refused', manifest: request.source, problems: planned.problems };
    await writeDocument(s3, { bucket, key: keys.joined }, joinOutcome.parse(outcome));
    return { ...answer, parts: 0 };
  }
  await writeDocument(s3, { bucket, key: keys.plan }, partsPlan.parse(planned));
  return { ...answer, parts: planned.parts.length };
}

interface Refused {
  problems: PartProblem[];
}

async function readManifest(
  s3: S3Client,
  source: SourceObject,
): Promise<{ manifest: UploadManifest } | Refused> {
  const name = `${uploadName(source.key)}.manifest.json`;
  const refuse = (message: string): Refused => ({ problems: [{ name, line: 0, message }] });
  const text = await inTemporaryFolder(async (folder) => {
    const path = join(folder, 'manifest');
    const { sha256 } = await downloadSource(s3, source, path, largestManifestBytes);
    return sha256 === null ? null : readFile(path, 'utf8');
  });
  if (text === null) return refuse(`the manifest is longer than ${largestManifestBytes} bytes`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return refuse('the manifest is not JSON; write {"parts": [{"name": "a.csv"}]}');
  }
  const manifest = uploadManifest.safeParse(document);
  if (!manifest.success) {
    const [fault] = z.prettifyError(manifest.error).split('\n');
    return refuse(
      `the manifest does not fit: ${fault?.replace(/^\W+/, '')}; write {"parts": [{"name": "a.csv"}]} with 1 to ${mostParts} files`,
    );
  }
  return { manifest: manifest.data };
}

async function findParts(
  s3: S3Client,
  source: SourceObject,
  { parts: named }: UploadManifest,
  formats: readonly SourceFormat[],
  { maxPartBytes, maxTotalBytes }: PartLimits,
): Promise<{ parts: PlannedPart[] } | Refused> {
  const problems: PartProblem[] = [];
  const add = (name: string, message: string) => problems.push({ name, line: 0, message });
  const seen = new Set<string>();
  const first = formatOf(named[0]?.name ?? '')?.format;
  for (const { name } of named) {
    const format = formatOf(name)?.format;
    if (seen.has(name)) add(name, 'is named twice');
    else if (!format || !formats.includes(format)) {
      add(name, `does not end as it should; use one of ${suffixesFor(formats).join(', ')}`);
    } else if (format !== first) add(name, `is ${format}, and the first file is ${first}; upload one format`);
    seen.add(name);
  }
  if (problems.length > 0) return { problems };

  const folder = partsFolder(source.key);
  const parts: PlannedPart[] = [];
  for (let from = 0; from < named.length; from += askedAtOnce) {
    const asked = named.slice(from, from + askedAtOnce).map(async ({ name, sha256 }, at) => {
      const key = `${folder}${name}`;
      const version = await newestVersion(s3, source.bucket, key);
      return { n: from + at, name, key, sha256: sha256 ?? null, version };
    });
    for (const { version, ...part } of await Promise.all(asked)) {
      if (!version) add(part.name, `is not there; upload it below ${folder} before the manifest`);
      else if (version.bytes === 0) add(part.name, 'is empty');
      else if (version.bytes > maxPartBytes) {
        add(part.name, `has ${version.bytes} bytes; a file of many may have ${maxPartBytes}`);
      } else parts.push({ ...part, ...version });
    }
  }
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const most = first === 'parquet' ? maxPartBytes : maxTotalBytes;
  if (problems.length === 0 && total > most) {
    add(uploadName(source.key), `the files have ${total} bytes together; at most ${most} are joined`);
  }
  return problems.length > 0 ? { problems } : { parts };
}
