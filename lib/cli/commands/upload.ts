import { isEnded, type Run } from '../../intake/run.ts';
import { formatOf } from '../../model/source-format.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { type Connection, connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { followRun } from '../follow-run.ts';
import { fields, lines, type Outcome } from '../outcome.ts';
import { requireModel, requireParty } from '../stack-outputs.ts';
import { type Uploaded, uploadFile } from '../upload-file.ts';
import { waitFor } from '../waiting.ts';
import { exitCodeOfRun, runView } from './runs.ts';
import { namedFiles, toldFiles, uploadParts } from './upload-parts.ts';

const runAppearsMs = 60_000;
const earlierRunsSearched = 500;
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
  paths: readonly string[],
  options: UploadOptions,
): Promise<Outcome> {
  const named = namedFiles(paths);
  const { files, together } = named;
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  const [path = ''] = files;
  if (options.party !== undefined) {
    if (together === null) return uploadForParty(connection, model, path, options);
    throw new EvergreenError('usage-invalid', "a party's files are uploaded one by one; name one file");
  }
  const told = toldFiles(files);
  const uploaded =
    together === null
      ? await uploadFile(connection, model, path, { force: options.force })
      : await uploadParts(
          connection,
          model,
          { ...named, together },
          { force: options.force },
          context.progress,
        );
  const run = uploaded.uploaded
    ? await runOfUpload(connection, model, uploaded)
    : await findRun(connection, model, uploaded, earlierRunsSearched);
  const said = uploaded.uploaded
    ? `${told} uploaded as ${uploaded.key}`
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
