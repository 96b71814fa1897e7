import { evaluationDocument, sampleText } from '../evaluation/evaluation.ts';
import { readBytes } from '../shared/objects.ts';
import type { Connection } from './connection.ts';

const counts = evaluationDocument.pick({ rows: true, heldOutRows: true });

/** How many rows a version was judged by, and how many its dataset holds out. */
export interface JudgedRows {
  rows: number;
  heldOutRows: number;
}

/** @returns Null when the version or its package is gone: a run is shown all the same. */
export async function readJudgedRows(
  { s3, outputs, registry }: Pick<Connection, 's3' | 'outputs' | 'registry'>,
  model: string,
  version: number,
): Promise<JudgedRows | null> {
  const known = (await registry.listVersions(model)).find((each) => each.version === version);
  if (!known) return null;
  const key = `${known.packagePrefix}evaluation.json`;
  const bytes = await readBytes(s3, { bucket: outputs.ModelBucket, key });
  if (!bytes) return null;
  const { rows, heldOutRows = rows } = counts.parse(JSON.parse(new TextDecoder().decode(bytes)));
  return { rows, heldOutRows };
}

export function judgedText({ rows, heldOutRows }: JudgedRows): string {
  return rows < heldOutRows ? sampleText(rows, heldOutRows) : `${rows} held-out rows`;
}
