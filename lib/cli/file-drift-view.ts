import type { FileDrift } from '../monitoring/file-drift.ts';
import { watchedTable } from './drift-view.ts';
import { type Block, fields } from './outcome.ts';

/** What was read of a file, and what could not be. */
function sayRead({ file, kind, rows, broken, unreadable }: FileDrift['reference']): string {
  const cells = Object.entries(unreadable).map(([name, count]) => `${count} of ${name}`);
  return [
    `${file}: ${rows} rows${kind === 'profile' ? ', from a profile' : ''}`,
    ...(broken > 0 ? [`${broken} rows could not be read`] : []),
    ...(cells.length > 0 ? [`no value of its column in cells, counted as missing: ${cells.join(', ')}`] : []),
  ].join('; ');
}

/** A comparison of two files for a person. */
export function fileDriftView({ model, reference, current, verdict, reason, features }: FileDrift): Block[] {
  return [
    fields(
      ['model', model],
      ['reference', sayRead(reference)],
      ['current', sayRead(current)],
      ['verdict', `${verdict}: ${reason}`],
    ),
    ...watchedTable('feature', features),
  ];
}
