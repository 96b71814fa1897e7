import type { DatasetReport } from '../dataset.ts';
import { type Html, html, raw } from './report-html.ts';

/** Columns with personal data, and how far rows can be told apart by what they say of persons. */
export function renderPrivacy({ personalData, anonymity }: DatasetReport): Html {
  if (personalData.length === 0 && anonymity === null) return raw('');
  const columns = personalData.map(
    ({ column, isRead, kind, by, isDeclared, cells, filled }) =>
      html`<tr><td class="column">${column}</td><td>${kind.replaceAll('-', ' ')}</td><td>${by === 'name' ? 'by its name' : `${cells} of ${filled} cells looked at`}</td><td>${isRead ? 'yes' : 'no'}</td><td>${isDeclared ? 'yes' : raw('<span class="warn">no</span>')}</td></tr>`,
  );
  const found = html`<div class="scroll"><table>
<thead><tr><th>Column</th><th>Holds</th><th>Found</th><th>Read by the model</th><th>Declared</th></tr></thead>
<tbody>${columns}</tbody></table></div>`;
  return html`<section><h2>Personal data</h2>
${personalData.length === 0 ? raw('') : found}
${anonymity === null ? raw('') : renderAnonymity(anonymity)}</section>`;
}

function renderAnonymity(anonymity: NonNullable<DatasetReport['anonymity']>): Html {
  const { columns, k, action, groups, smallest, rowsBelow, smallestKept } = anonymity;
  const done =
    action === 'suppress'
      ? `They were left out, and the smallest group that is kept has ${smallestKept}.`
      : 'They were kept.';
  return html`<p>By ${columns.join(', ')} the rows fall into ${groups} groups, the smallest of ${smallest}. Rows in groups of fewer than ${k}: ${rowsBelow}. ${rowsBelow === 0 ? '' : done}</p>`;
}
