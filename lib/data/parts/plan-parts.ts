import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import type { SourceFormat } from '../../model/source-format.ts';
import { writeDocument } from '../../shared/objects.ts';
import type { SourceObject } from '../dataset.ts';
import { readRunDefinition } from '../run-definition.store.ts';
import { downloadSource } from '../source.store.ts';
import { inTemporaryFolder } from './in-temporary-folder.ts';
import { judgeNames, judgeTotal, sizeFault } from './judge-parts.ts';
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
  limits: PartLimits,
): Promise<{ parts: PlannedPart[] } | Refused> {
  const problems = judgeNames(
    named.map(({ name }) => name),
    formats,
  );
  if (problems.length > 0) return { problems };

  const add = (name: string, message: string) => problems.push({ name, line: 0, message });
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
      else {
        const fault = sizeFault(version.bytes, limits);
        if (fault !== null) add(part.name, fault);
        else parts.push({ ...part, ...version });
      }
    }
  }
  if (problems.length === 0) problems.push(...judgeTotal(parts, uploadName(source.key), limits));
  return problems.length > 0 ? { problems } : { parts };
}
