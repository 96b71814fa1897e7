import type { ErasureRecord } from '../../data/erasure/erasure-record.ts';
import { EvergreenError } from '../../shared/errors.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { eraseSubject, trainOnTheRest } from '../erasing.ts';
import { type Block, fields, lines, type Outcome, table } from '../outcome.ts';
import { requireModel } from '../stack-outputs.ts';

export interface DataEraseOptions {
  subject: string;
  dryRun?: boolean | undefined;
  retrain?: boolean | undefined;
}

/** Erases the rows of a person, after asking. */
export async function dataErase(
  context: Context,
  model: string,
  { subject, dryRun: isDryRun = false, retrain = false }: DataEraseOptions,
): Promise<Outcome> {
  if (subject === '')
    throw new EvergreenError('usage-invalid', 'the subject is empty; name whom rows are about');
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  const question = `Rows of this subject are destroyed in every version that was kept of ${model}'s data. Go on?`;
  if (!isDryRun && !(await context.confirm(question))) {
    return { data: { state: 'declined' }, view: [lines('nothing was changed')] };
  }
  const record = await eraseSubject(connection, {
    model,
    subject,
    isDryRun,
    who: await connection.who(),
    now: context.now,
    progress: context.progress,
  });
  const retrained = retrain && !isDryRun ? await trainOnTheRest(connection, model) : null;
  const uploaded =
    retrained === null
      ? []
      : [lines(`a run trains on what is left: ${retrained}; watch it: npx evergreen runs list`)];
  return {
    data: { ...record, isDryRun, retrained },
    view: [...erasureView(record, isDryRun), ...uploaded],
  };
}

export function erasureView(record: ErasureRecord, isDryRun: boolean): Block[] {
  const { model, erasureId, sources, predictions, versions, unreadable } = record;
  const isNothing = sources.length === 0 && predictions.length === 0;
  const next =
    versions.length === 0
      ? []
      : [`versions ${versions.join(', ')} learned from the rows: train again: --retrain, or a new upload`];
  return [
    fields(
      ['erasure', erasureId],
      ['state', isDryRun ? 'nothing was changed (--dry-run)' : isNothing ? 'nothing to erase' : record.state],
      ['rows', sources.reduce((sum, { rows }) => sum + rows, 0)],
      ['predictions', predictions.length],
      ['versions that learned from them', versions.join(', ') || null],
    ),
    table(
      ['upload', 'version', 'rows', 'datasets', 'replaced by'],
      sources.map((each) => [
        each.key,
        each.versionId,
        each.rows,
        each.datasets.join(', ') || null,
        each.replacedBy.join(', ') || null,
      ]),
      'no upload holds rows of this subject',
    ),
    ...(unreadable.length === 0
      ? []
      : [
          table(
            ['not looked through', 'version', 'because'],
            unreadable.map(({ key, versionId, message }) => [key, versionId, message]),
          ),
        ]),
    lines(
      ...next,
      `kept as they are: packages of ${model} (signed; they hold a few test rows), the output of its training jobs (30 days), its files of whole predictions (30 days), what parties uploaded to train it, and the logs of the functions`,
    ),
  ];
}
