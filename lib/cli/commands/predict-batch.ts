import { statSync } from 'node:fs';
import { readSummary, sizeOf } from '../../inference/batch/batch.store.ts';
import {
  type BatchRequest,
  type BatchSummary,
  batchIdOf,
  batchKeys,
  largestInputBytes,
} from '../../inference/batch/batch.ts';
import { formatOf } from '../../model/source-format.ts';
import type { ModelVersion } from '../../registry/registry.ts';
import { EvergreenError, exitCode } from '../../shared/errors.ts';
import { digestFile, type LocalFile } from '../../shared/local-file.store.ts';
import { workOn } from '../batch-executions.ts';
import { putInput } from '../batch-input.ts';
import { fetchResult, outputPath, requireFolder, suffixOf } from '../batch-result.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { followBatch } from '../follow-batch.ts';
import { fields, lines, type Outcome, table } from '../outcome.ts';
import { requireModel } from '../stack-outputs.ts';
import { existingVersion } from '../upload-file.ts';

export interface BatchOptions {
  batch?: boolean | undefined;
  output?: string | undefined;
  version?: number | undefined;
  wait?: boolean | undefined;
}

/** As large as the body of one request may be: what is larger would be asked for piece by piece. */
const largestDirectBytes = 1024 * 1024;

/** Whether a file is predicted by a state machine and not over HTTPS: asked for, large, or of a kind that HTTPS has not. */
export function isForBatch(path: string, { batch, output, version, wait }: BatchOptions): boolean {
  if (batch === true || output !== undefined || version !== undefined || wait === false) return true;
  const format = formatOf(path);
  if (!format) return false;
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return format.format === 'parquet' || format.isGzip || bytes > largestDirectBytes;
}

/** @throws EvergreenError `model-not-served`, `version-unknown`. */
export async function versionToAsk(
  { registry }: Pick<Connection, 'registry'>,
  model: string,
  wanted: number | undefined,
): Promise<ModelVersion> {
  const number = wanted ?? (await registry.readLive(model)).champion?.version;
  if (number !== undefined) return registry.readVersion(model, number);
  throw new EvergreenError(
    'model-not-served',
    `${model} has no champion yet; name a version with --version, or upload data`,
  );
}

/** The result of an earlier execution, when it is there whole. */
async function finished({ s3, outputs }: Connection, request: Omit<BatchRequest, 'input'>) {
  const [bucket, keys] = [outputs.DataBucket, batchKeys(request)];
  const summary = await readSummary(s3, { bucket, key: keys.summary });
  const isThere = summary && (await sizeOf(s3, { bucket, key: keys.result })) === summary.result.bytes;
  return isThere ? summary : undefined;
}

function answered(summary: BatchSummary, output: string, isNew: boolean): Outcome {
  const { batchId, model, version, rows, refused, refusedFirst, seconds } = summary;
  const took = seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0);
  return {
    data: { status: 'answered', isNew, output, ...summary },
    view: [
      fields(
        ['batch', batchId],
        ['model', `${model} version ${version}`],
        ['rows', rows],
        ['answered', summary.answered],
        ['refused', refused],
        ['seconds', isNew ? took : `${took} (answered before; nothing was computed again)`],
        ['result', output],
      ),
      ...(refused === 0
        ? []
        : [
            table(
              ['row', 'refused because'],
              refusedFirst.map(({ row, error }) => [row, error]),
            ),
          ]),
      ...(summary.ignoredColumns.length === 0
        ? []
        : [lines(`columns that ${model} does not read: ${summary.ignoredColumns.join(', ')}`)]),
      lines(
        refused === 0
          ? `ids are <batch>-<row>, rows counted from 0; in DuckDB: FROM '${output}'`
          : `the column error says why a row was refused: FROM '${output}' WHERE error IS NOT NULL`,
      ),
    ],
    // Not one row fits: whoever goes on with the result must notice.
    exitCode: summary.answered === 0 ? exitCode.invalid : 0,
  };
}

/** The champion may be another by then: the version is named. */
export function sameCommand(model: string, path: string, version: number, { output }: BatchOptions): string {
  const rest = output === undefined ? '' : ` --output ${shellWord(output)}`;
  return `npx evergreen predict ${model} --file ${shellWord(path)} --version ${version}${rest}`;
}

/** A word that a shell takes as it stands. */
const shellWord = (text: string) => (/^[\w./+@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** Predicts a whole file by the state machine: what was done before, by whom ever, is not done again. */
export async function predictBatch(
  context: Context,
  model: string,
  path: string,
  options: BatchOptions,
): Promise<Outcome> {
  const suffix = suffixOf(path);
  if (!formatOf(suffix)) {
    throw new EvergreenError(
      'usage-invalid',
      `${path} is no CSV, Parquet or JSON lines by its name; it must end in .csv, .csv.gz, .parquet, .jsonl or .jsonl.gz`,
    );
  }
  const output = outputPath(path, options.output);
  requireFolder(output);
  refuseTooLarge(path);
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  const version = await versionToAsk(connection, model, options.version);
  const goOn = sameCommand(model, path, version.version, options);
  const signal = context.takeInterrupt();
  let isStarted = false;
  try {
    const file = await digestFile(path, signal);
    const name = `input${suffix}`;
    const batchId = batchIdOf(version, file.sha256, name);
    const batch = { model, version: version.version, batchId, sha256: file.sha256 };
    let summary = await finished(connection, batch);
    const isNew = !summary;
    if (!summary) {
      const input = await uploadInput(connection, batchKeys(batch).input(name), file, context, signal);
      const request = { ...batch, input };
      const { arn, isNew: isBegun } = await workOn(connection.sfn, connection.outputs.BatchArn, request);
      isStarted = true;
      context.progress({ kind: 'note', text: `batch ${batchId} ${isBegun ? 'begins' : 'is on already'}` });
      if (options.wait === false) return running(batch, output, goOn);
      await followBatch(connection, arn, request, context.progress, signal);
      summary = await finished(connection, batch);
    }
    if (!summary) throw new EvergreenError('batch-failed', `batch ${batchId} left no result`);
    await fetchResult(connection, summary, output, signal);
    return answered(summary, output, isNew);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    return interrupted(isStarted, goOn);
  }
}

function interrupted(isStarted: boolean, goOn: string): Outcome {
  const view = isStarted
    ? lines('interrupted; the batch goes on. See how far it is, and fetch the result:', `  ${goOn}`)
    : lines('interrupted; nothing was begun');
  return { data: { status: isStarted ? 'running' : 'interrupted' }, view: [view], exitCode: 130 };
}

function running(batch: Omit<BatchRequest, 'input'>, output: string, goOn: string): Outcome {
  return {
    data: { status: 'running', output, ...batch },
    view: [
      fields(['batch', batch.batchId], ['status', 'running']),
      lines('see how far it is, and fetch the result:', `  ${goOn}`),
    ],
  };
}

/** @throws EvergreenError `batch-refused`, before anybody waits for the file to be read. */
export function refuseTooLarge(path: string): void {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes <= largestInputBytes) return;
  throw new EvergreenError(
    'batch-refused',
    `${path} has ${bytes} bytes; at most ${largestInputBytes} are read at once: cut it into several files`,
  );
}

async function uploadInput(
  connection: Connection,
  key: string,
  file: LocalFile,
  context: Context,
  signal: AbortSignal,
) {
  const before = await existingVersion(connection, key, file.sha256);
  const versionId = before ?? (await putInput(connection, key, file, context.progress, signal));
  return { bucket: connection.outputs.DataBucket, key, versionId };
}
