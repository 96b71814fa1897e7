import { resolve } from 'node:path';
import { EvergreenError } from '../../shared/errors.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { fields, lines, type Outcome, table } from '../outcome.ts';
import { requireModel } from '../stack-outputs.ts';
import { exportDatasets } from '../transfer/export-datasets.ts';

export interface DataExportOptions {
  to: string;
  all?: boolean | undefined;
}

/** Writes datasets and the versions that learned from them, so that another deployment can take them in. */
export async function dataExport(
  context: Context,
  model: string,
  ids: readonly string[],
  { to, all = false }: DataExportOptions,
): Promise<Outcome> {
  if (all === ids.length > 0) {
    throw new EvergreenError('usage-invalid', 'name datasets, or pass --all, and not both');
  }
  const connection = await connect(context);
  requireModel(connection.outputs, model);
  const { manifest, digest } = await exportDatasets(connection, {
    model,
    ids: all ? null : ids,
    to,
    who: await connection.who(),
    at: context.now().toISOString(),
    told: (what) => context.progress({ kind: 'step', text: `exporting ${what}` }),
  });
  const bytes = manifest.objects.reduce((sum, object) => sum + object.bytes, 0);
  const { datasets: written, versions, objects, from } = manifest;
  return {
    data: {
      model,
      place: resolve(to),
      sha256: digest,
      datasets: written.map(({ manifest: each }) => each.datasetId),
      versions: versions.map(({ version }) => version.version),
      objects: objects.length,
      bytes,
      signedBy: from.signedBy,
    },
    view: [
      table(
        ['dataset', 'made', 'rows', 'versions that learned from it'],
        written.map(({ manifest: each }) => [
          each.datasetId,
          each.createdAt,
          each.rows.accepted,
          versions
            .filter(({ version }) => version.lineage.datasetId === each.datasetId)
            .map(({ version }) => version.version)
            .join(', ') || null,
        ]),
      ),
      fields(
        ['written', resolve(to)],
        ['objects', `${objects.length}, ${(bytes / 1e6).toFixed(1)} MB`],
        ['sha256 of its manifest', digest],
        ['signed by', from.signedBy],
      ),
      lines(
        'It holds the rows as they were uploaded: keep it as you keep them, and destroy it when they are erased.',
        'Where the model is deployed too:',
        `  npx evergreen data import ${to} --sha256 ${digest}`,
      ),
    ],
  };
}
