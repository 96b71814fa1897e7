import type { ColumnSummary } from '../cleaning/distribution.ts';
import type { DatasetReport, QuarantinedRow } from '../dataset.ts';
import { renderChange } from './report-change.ts';
import { type Html, html, raw } from './report-html.ts';
import { spreadsheetText } from './spreadsheet-text.ts';

const places = { dataset: 'here', model: 'in the model', none: 'nowhere' } as const;

/** What cleaning did, and each column before and after it. */
export function renderCleaning({ cleaning, beforeAndAfter, source }: DatasetReport): Html {
  if (beforeAndAfter.length === 0) return raw('');
  const steps = cleaning.map(
    ({ step, column, place, count, message }) =>
      html`<tr><td>${step.replaceAll('-', ' ')}</td><td class="column">${column ?? ''}</td><td class="number">${number(count)}</td><td>${places[place]}</td><td>${message}</td></tr>`,
  );
  const columns = beforeAndAfter.map((each) => {
    const shapes = renderChange(each);
    return html`<tr><td class="column">${each.column}</td><td class="before">${shapes.before}${summary(each.before, 'rows read')}</td><td>${shapes.after}${each.after ? summary(each.after, 'training rows') : raw('')}</td></tr>`;
  });
  return html`<section><h2>Cleaning</h2><div class="scroll"><table>
<thead><tr><th>Step</th><th>Column</th><th class="number">Touched</th><th>Where</th><th>What</th></tr></thead>
<tbody>${steps}</tbody></table></div>
<p class="quiet">Nothing is lost: version ${source.versionId} of the upload stays as it is, and what is done in the model leaves the rows as they are.</p>
<h2>Before and after</h2><div class="scroll"><table>
<thead><tr><th></th><th>Before: all rows that could be read</th><th>After: the dataset as the model takes it</th></tr></thead>
<tbody>${columns}</tbody></table></div>
<p class="quiet">After cleaning, copies and rows kept out are gone, what is missing is filled, outliers are moved where that is asked for. The words below a shape tell least, mean and greatest; those after cleaning are of the training rows as they are stored.</p></section>`;
}

function summary({ rows, missing, min, mean, max }: ColumnSummary, what: string): Html {
  const numbers = min === null || max === null || mean === null ? [] : [min, mean, max];
  const told = numbers.map((value) => String(Number(value.toPrecision(4)))).join(' · ');
  return html`<small>${number(rows)} ${what}${missing > 0 ? `, ${number(missing)} missing` : ''}${told === '' ? '' : `: ${told}`}</small>`;
}

const cell = { width: 10, height: 14, name: 150 };

/** Where cells are missing: a line for each column, from the first row of the file to the last. */
export function renderMissingMap({ missingMap }: DatasetReport): Html {
  if (missingMap === null) return raw('');
  const columns = Object.entries(missingMap.shares);
  const width = cell.name + missingMap.parts * cell.width;
  const height = columns.length * (cell.height + 4);
  const lines = columns.map(([name, shares], line) => {
    const y = line * (cell.height + 4);
    const boxes = shares.map(
      (share, part) =>
        html`<rect x="${cell.name + part * cell.width}" y="${y}" width="${cell.width - 1}" height="${cell.height}" fill-opacity="${share === 0 ? '0.08' : (0.25 + share * 0.75).toFixed(2)}"><title>${name}: ${Number((share * 100).toFixed(2))}% missing in part ${part + 1} of ${missingMap.parts}</title></rect>`,
    );
    return html`<text x="0" y="${y + cell.height - 3}">${name.slice(0, 22)}</text>${boxes}`;
  });
  return html`<section><h2>Where values are missing</h2><div class="scroll"><svg class="missing" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="missing values from the first row to the last">${lines}</svg></div>
<p class="quiet">Each box is a part of the file, from its first row to its last; the darker, the more is missing.</p></section>`;
}

/** The rows with the most problems, as they stood; personal values are masked. */
export function renderWorstRows({ worstRows }: DatasetReport): Html {
  const some = worstRows.filter(({ values, problems }) => values !== null || problems.length > 0);
  if (some.length === 0) return raw('');
  return html`<section><h2>Worst rows</h2>${some.map(renderWorst)}</section>`;
}

function renderWorst({ line, file, values, problems }: QuarantinedRow): Html {
  const broken = new Set(problems.map(({ column }) => column));
  const shown = Object.entries(values ?? {}).map(([name, value]) => {
    const text = html`${name}: <code>${spreadsheetText(value ?? 'missing')}</code>`;
    return html`<li>${broken.has(name) ? html`<span class="warn">${text}</span>` : text}</li>`;
  });
  const told = problems.map(({ message }) => html`<li>${message}</li>`);
  return html`<details><summary>${file === undefined ? 'Line' : `${file}, line`} ${number(line)}, ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}</summary><ul>${told}</ul><ul class="cells">${shown}</ul></details>`;
}

/** Thousands are parted by a narrow blank, which no language reads as a decimal sign. */
export function number(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, '\u202f');
}
