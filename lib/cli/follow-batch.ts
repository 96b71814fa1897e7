import { setTimeout as sleep } from 'node:timers/promises';
import { readManifest } from '../inference/batch/batch.store.ts';
import { type BatchManifest, type BatchRequest, batchKeys, batchOutcome } from '../inference/batch/batch.ts';
import { EvergreenError } from '../shared/errors.ts';
import { type BatchProgress, readBatchEnding, readProgress } from './batch-executions.ts';
import type { Connection } from './connection.ts';
import type { Context } from './context.ts';

/** Time between two looks: the engine is near, AWS counts calls. */
const lookEveryMs = { local: 300, aws: 3000 };

/** How far a batch is, in one line. */
export function progressText(
  { done, total, startedAtMs }: BatchProgress,
  manifest: Pick<BatchManifest, 'rows' | 'parts'> | undefined,
  nowMs: number,
): string {
  const text = `predict: ${done} of ${total} parts`;
  if (!manifest) return text;
  // Parts are answered in about the order of the file; the last one may be smaller.
  const rows = Math.min(manifest.rows, done * (manifest.parts[0]?.rows ?? 0));
  const seconds = Math.max(0.001, (nowMs - startedAtMs) / 1000);
  const rate = done === 0 ? '' : `, ${Math.round(rows / seconds).toLocaleString('en')} rows a second`;
  return `${text}, ${rows.toLocaleString('en')} of ${manifest.rows.toLocaleString('en')} rows${rate}`;
}

/**
 * Follows a batch to its end.
 *
 * @throws EvergreenError `batch-refused` when the file does not fit the model, `batch-failed` with the reason.
 */
export async function followBatch(
  { s3, sfn, outputs, target }: Connection,
  arn: string,
  request: BatchRequest,
  progress: Context['progress'],
  signal: AbortSignal,
): Promise<void> {
  const begun = Date.now();
  let manifest: BatchManifest | undefined;
  for (;;) {
    const ending = await readBatchEnding(sfn, arn, request.batchId);
    if (ending.status === 'succeeded') {
      const outcome = batchOutcome.parse(JSON.parse(ending.output));
      if (outcome.outcome === 'answered') return;
      throw new EvergreenError('batch-refused', `the file is refused: ${outcome.reason}`);
    }
    const found = await readProgress(sfn, arn);
    if (found) {
      const place = { bucket: outputs.DataBucket, key: batchKeys(request).manifest };
      manifest ??= await readManifest(s3, place);
      const text =
        found.done === found.total
          ? `predict: joining ${found.total} parts`
          : progressText(found, manifest, Date.now());
      progress({ kind: 'step', text });
    } else {
      const seconds = ((Date.now() - begun) / 1000).toFixed(0);
      progress({ kind: 'step', text: `predict: the file is read and cut into parts, ${seconds} s` });
    }
    await sleep(lookEveryMs[target], undefined, { signal });
  }
}
