import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { lines, type Outcome, table } from '../outcome.ts';
import { importTransfer } from '../transfer/import-transfer.ts';

export interface DataImportOptions {
  sha256?: string | undefined;
}

/** Takes in what `data export` wrote; nothing of it takes traffic by itself. */
export async function dataImport(
  context: Context,
  place: string,
  { sha256 }: DataImportOptions,
): Promise<Outcome> {
  const connection = await connect(context);
  const imported = await importTransfer(connection, place, {
    expected: sha256,
    who: await connection.who(),
    told: (text) => context.progress({ kind: 'step', text }),
  });
  const { model, from, datasets, versions } = imported;
  const newest = versions.findLast(({ isNew }) => isNew);
  return {
    data: imported,
    view: [
      table(
        ['dataset', '', 'upload'],
        datasets.map(({ datasetId, isNew, hasUpload }) => [
          datasetId,
          isNew ? 'imported' : 'there already',
          hasUpload ? 'with it' : 'no longer kept where it came from',
        ]),
      ),
      table(
        ['version here', `in ${from.stack}, account ${from.account}`, ''],
        versions.map((each) => [each.version, each.from, each.isNew ? 'imported' : 'there already']),
        'no version learned from them',
      ),
      lines(
        `signed there by ${from.signedBy}`,
        newest
          ? `none of them takes traffic; one that shall: npx evergreen models promote ${model} ${newest.version} --why …`
          : `what is here: npx evergreen data list ${model}`,
      ),
    ],
  };
}
