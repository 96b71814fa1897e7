import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { datasetKey, type Row } from '../../data/dataset.ts';
import type { Run } from '../../intake/run.ts';
import { stopEngine } from '../../local/engine.ts';
import { repositoryRoot } from '../../local/home.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { readBytes } from '../../shared/objects.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { followRun } from '../follow-run.ts';
import { fields, lines, type Outcome } from '../outcome.ts';
import { rowsFromFile } from '../row-files.ts';
import { modelNames } from '../stack-outputs.ts';
import { uploadFile } from '../upload-file.ts';
import { waitFor } from '../waiting.ts';
import { predictRows } from './predict.ts';
import { type UpOptions, up } from './up.ts';
import { runOfUpload } from './upload.ts';

const model = 'iris';
const dataFile = join('models', model, 'data', 'iris.csv');
/** A function may still hold what was live a moment ago. */
const servedWithinMs = 60_000;

export interface StartOptions extends UpOptions {
  exit?: boolean | undefined;
}

/** From nothing to a served model on this machine; stays until it is interrupted, then stops what it started. */
export async function start(context: Context, options: StartOptions): Promise<Outcome> {
  const signal = context.takeInterrupt();
  const interrupted = new Promise<'interrupted'>((resolve) => {
    signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
  try {
    // Stopping the engine makes whatever is still on fail; nobody listens to that any more.
    const work = closeTheLoop(
      { ...context, options: { ...context.options, target: 'local' } },
      options,
      signal,
    );
    work.catch(() => {});
    const outcome = await Promise.race([work, interrupted]);
    if (outcome === 'interrupted') return { data: null, view: [], isPublished: true, exitCode: 130 };
    context.publish(outcome);
    if (options.exit !== true) {
      context.progress({
        kind: 'note',
        text: 'Ctrl-C stops everything; what is served is kept for the next start.',
      });
      await stayUp(interrupted);
    }
    return { ...outcome, isPublished: true };
  } finally {
    await stopEngine(context.home, context.progress);
    context.progress({ kind: 'note', text: `engine stopped; its state is kept in ${context.home.state}` });
  }
}

/** The pending timer keeps the process alive while there is nothing else to do. */
async function stayUp(interrupted: Promise<unknown>): Promise<void> {
  const timer = setInterval(() => {}, 60_000);
  await interrupted;
  clearInterval(timer);
}

async function closeTheLoop(context: Context, options: StartOptions, signal: AbortSignal): Promise<Outcome> {
  const startedAt = Date.now();
  await up(context, options);
  const connection = await connect(context);
  if (!modelNames(connection.outputs).includes(model)) {
    return {
      data: { models: modelNames(connection.outputs), prediction: null },
      view: [
        lines(
          `deployed: ${modelNames(connection.outputs).join(', ') || 'no model'}; upload data with \`npx evergreen upload <model> <file>\``,
        ),
      ],
    };
  }
  const run = await firstRun(connection, context, signal);
  const row = sampleRow();
  context.progress({ kind: 'step', text: `predict: one row of ${dataFile}` });
  const answered = await waitFor(() => predictWhenServed(connection, row), {
    limitMs: servedWithinMs,
    everyMs: 250,
    whenOver: `${model} is not served; see \`npx evergreen status\``,
    signal,
  });
  const report = await keepReport(connection, context, answered.version, run);
  const seconds = Number(((Date.now() - startedAt) / 1000).toFixed(1));
  const answer = answered.predictions[0];
  return {
    data: { model, run: run ?? null, row, prediction: answered, report, seconds },
    view: [
      fields(
        ['row', JSON.stringify(row)],
        ['answer', answer === undefined ? null : 'label' in answer ? answer.label : answer.value],
        ['version', answered.version],
        ['prediction id', answered.predictionId],
        ['report', report.file],
        ['report key', report.key],
        ['api', connection.api.url],
        ['ready after', `${seconds} s`],
      ),
      lines(
        'Try next, in another terminal:',
        `  npx evergreen predict ${model} --row '${JSON.stringify(row)}'`,
        `  npx evergreen feedback ${answered.predictionId} --label setosa`,
        `  npx evergreen models list ${model}`,
        '  npx evergreen runs list',
        `  npx evergreen drift ${model} --now`,
        '  npx evergreen status',
      ),
    ],
  };
}

/** Uploads the starter data unless something is served already. @throws EvergreenError when the run ends badly. */
async function firstRun(
  connection: Connection,
  context: Context,
  signal: AbortSignal,
): Promise<Run | undefined> {
  const live = await connection.registry.readLive(model);
  if (live.champion) {
    const text = `${model}: version ${live.champion.version} is served since ${live.champion.since}; nothing was uploaded`;
    context.progress({ kind: 'note', text });
    return undefined;
  }
  // An earlier start may have been ended half-way: its upload is there, but its run did not get through.
  const uploaded = await uploadFile(connection, model, join(repositoryRoot, dataFile), { again: true });
  context.progress({ kind: 'note', text: `${dataFile} uploaded as ${uploaded.key}` });
  const begun = await runOfUpload(connection, model, uploaded);
  const { run } = await followRun(connection, begun.runId, context.progress, signal);
  context.progress({ kind: 'note', text: `run ${run.runId}: ${run.status} (${run.reason})` });
  const served = (await connection.registry.readLive(model)).champion;
  if (served) return run;
  throw new EvergreenError('model-not-served', `run ${run.runId} ended as ${run.status}: ${run.reason}`, {
    details: { run },
  });
}

async function predictWhenServed(connection: Connection, row: Row) {
  try {
    return await predictRows(connection.api, model, [row]);
  } catch (thrown) {
    if (thrown instanceof EvergreenError && thrown.kind === 'unavailable') return undefined;
    throw thrown;
  }
}

/** The first row of the data, without the answer. */
function sampleRow(): Row {
  const [first = {}] = rowsFromFile(join(repositoryRoot, dataFile));
  return Object.fromEntries(Object.entries(first).filter(([name]) => name !== 'species'));
}

/** A copy of the data report that can be opened as a file. */
async function keepReport(connection: Connection, context: Context, version: number, run: Run | undefined) {
  const { lineage } = await connection.registry.readVersion(model, version);
  const datasetId = run?.datasetId ?? lineage.datasetId;
  const key = datasetKey(model, datasetId, 'report.html');
  const bytes = await readBytes(connection.s3, { bucket: connection.outputs.DataBucket, key });
  if (!bytes) return { key: null, file: null };
  const file = join(context.home.reports, model, `${datasetId}.html`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  return { key, file };
}
