import type { ModelDefinition } from '../../model/definition.ts';
import { type Column, columnsOf, dataColumns } from '../columns.ts';
import { type ColumnProfile, type DatasetReport, keptQuarantine } from '../dataset.ts';
import { renderBars, renderDistribution } from './report-chart.ts';
import { number, renderCleaning, renderMissingMap, renderWorstRows } from './report-cleaning.ts';
import { type Html, html, raw } from './report-html.ts';
import { renderPrivacy } from './report-privacy.ts';
import { renderChecks, renderFamilies } from './report-quality.ts';
import { datasetStyle, reportStyle } from './report-style.ts';
import { spreadsheetText } from './spreadsheet-text.ts';

/**
 * The report as one page that needs no other file, for a person who knows the data: the verdict first.
 *
 * @param profiles Of the training rows, or of the usable rows when the file was rejected; may be empty.
 */
export function renderReport(
  report: DatasetReport,
  definition: ModelDefinition,
  profiles: Readonly<Record<string, ColumnProfile>>,
): string {
  const columns = dataColumns(columnsOf(definition));
  const title = `${report.model}: data ${report.verdict}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${raw(reportStyle)}${raw(datasetStyle)}</style>
</head>
<body>
<main>
${renderVerdict(report)}
${renderCounts(report)}
${renderFamilies(report)}
${renderChecks(report)}
${renderProblems(report)}
${renderWorstRows(report)}
${renderClasses(report, definition)}
${renderColumns(report, columns, profiles)}
${renderMissingMap(report)}
${renderPrivacy(report)}
${renderCleaning(report)}
${renderOrigin(report, definition)}
</main>
</body>
</html>
`.markup;
}

function renderVerdict(report: DatasetReport): Html {
  const { model, verdict, reasons, warnings, rows } = report;
  const isAccepted = verdict === 'accepted';
  const headline = isAccepted
    ? `${number(rows.accepted)} rows of ${fileName(report)} are good data for ${model}`
    : `${fileName(report)} cannot be used for ${model}`;
  return html`<section class="verdict ${verdict}">
<span class="badge">${isAccepted ? 'Accepted' : 'Rejected'}</span>
<h1>${headline}</h1>
${reasons.length === 0 ? raw('') : html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}
${warnings.length === 0 ? raw('') : html`<details><summary>${warnings.length === 1 ? 'One warning' : `${warnings.length} warnings`}</summary><ul>${warnings.map((warning) => html`<li>${warning}</li>`)}</ul></details>`}
<p><b>What to do next.</b> ${nextStep(report)}</p>
</section>`;
}

function nextStep({ verdict, rows, problems, model }: DatasetReport): string {
  if (verdict === 'rejected') {
    const correct =
      problems.length > 0
        ? 'Correct what is listed below'
        : 'Add or correct rows so that the limits named above are kept';
    return `${correct} and upload the file again below incoming/${model}/. The model in production stays as it is.`;
  }
  const going = 'Nothing needs to be done: the run goes on to training by itself.';
  return rows.quarantined === 0
    ? going
    : `${going} ${rows.quarantined === 1 ? 'One row was' : `${number(rows.quarantined)} rows were`} left out; correct what is listed below and upload the file again if they matter.`;
}

function renderCounts({ rows, durationMs }: DatasetReport): Html {
  const tiles: [string, string][] = [
    [number(rows.read), 'rows read'],
    [number(rows.accepted), 'usable'],
    [number(rows.quarantined), 'kept out'],
    [number(rows.duplicates), 'exact copies'],
    [number(rows.train), 'for training'],
    [number(rows.test), 'held out'],
    [durationMs < 1000 ? `${durationMs} ms` : `${(durationMs / 1000).toFixed(1)} s`, 'to check'],
  ];
  return html`<div class="tiles">${tiles.map(([value, label]) => html`<div class="tile"><b>${value}</b><span>${label}</span></div>`)}</div>`;
}

function renderProblems({ problems, problemsByRule, rows }: DatasetReport): Html {
  if (problems.length === 0) return raw('');
  const all = Object.values(problemsByRule).reduce((sum, count) => sum + count, 0);
  const shown = all > problems.length ? `the first ${problems.length} of ${number(all)}` : number(all);
  const lines = problems.map(
    ({ line, file, column, value, message }) =>
      html`<tr><td class="number">${file === undefined ? '' : html`${spreadsheetText(file)}<br>`}${line === 0 ? '' : number(line)}</td><td class="column">${column ?? 'whole row'}</td><td>${value === null ? raw('<span class="quiet">none</span>') : html`<code>${spreadsheetText(value)}</code>`}</td><td>${spreadsheetText(message)}</td></tr>`,
  );
  const where = html`<p class="quiet">The rows that were kept out, with their cells, are in quarantine.jsonl next to this page${rows.quarantined > keptQuarantine ? `: the first ${number(keptQuarantine)} of them` : ''}.</p>`;
  return html`<section><h2>Problems (${shown})</h2><div class="scroll"><table>
<thead><tr><th class="number">Line</th><th>Column</th><th>Found</th><th>What is wrong</th></tr></thead>
<tbody>${lines}</tbody></table></div>${rows.quarantined > 0 ? where : raw('')}</section>`;
}

function renderClasses({ classes, rows }: DatasetReport, { target }: ModelDefinition): Html {
  if (classes === null) return raw('');
  return html`<section><h2>What is to be predicted: ${target.name}</h2>${renderBars(classes, 0, rows.accepted)}</section>`;
}

function renderColumns(
  report: DatasetReport,
  columns: readonly Column[],
  profiles: Readonly<Record<string, ColumnProfile>>,
): Html {
  const read = report.rows.read;
  if (read === 0) return raw('');
  const lines = report.columns.flatMap((counted) => {
    const column = columns.find(({ name }) => name === counted.name);
    if (!column) return [];
    const share = counted.missing === 0 ? '' : ` (${Number(((counted.missing / read) * 100).toFixed(1))}%)`;
    const unit = column.unit === undefined ? column.type : `${column.type}, ${column.unit}`;
    const kind = column.role === 'target' ? `${unit}, to be predicted` : unit;
    return [
      html`<tr><td class="column">${column.name}<small>${kind}</small></td><td class="number">${number(counted.missing)}${share}</td><td class="number">${counted.problems === 0 ? '0' : html`<span class="warn">${number(counted.problems)}</span>`}</td><td>${renderDistribution(column, profiles[column.name])}</td></tr>`,
    ];
  });
  const ignored =
    report.ignoredColumns.length === 0
      ? raw('')
      : html`<p class="quiet">Not read, because the model does not use them: ${report.ignoredColumns.join(', ')}.</p>`;
  return html`<section><h2>Columns</h2><div class="scroll"><table>
<thead><tr><th>Column</th><th class="number">Missing</th><th class="number">Problems</th><th>Distribution of the ${report.verdict === 'accepted' ? 'training' : 'usable'} rows</th></tr></thead>
<tbody>${lines}</tbody></table></div>${ignored}</section>`;
}

function renderOrigin(report: DatasetReport, { data }: ModelDefinition): Html {
  const { source } = report;
  const split = data.split.method === 'seeded' ? `drawn with seed ${data.split.seed}` : 'by row identity';
  const facts: [string, string][] = [
    ['File', source.bucket === '' ? source.key : `s3://${source.bucket}/${source.key}`],
    ['Version', source.versionId],
    [
      'Size',
      `${number(source.bytes)} bytes, ${source.format === 'unknown' ? 'unknown format' : source.format}`,
    ],
    ['SHA-256', source.sha256 ?? 'not read'],
    ['Dataset', report.datasetId],
    ['Run', report.runId],
    ['Checked at', report.createdAt],
    [
      'Limits',
      `at most ${Number((data.maxRejectedShare * 100).toFixed(4))}% of rows kept out, at least ${number(data.minRows)} usable`,
    ],
    ['Exact copies', data.duplicates === 'drop' ? 'left out after the first' : 'kept'],
    ['Held out', `${Number((data.split.testShare * 100).toFixed(4))}%, ${split}`],
  ];
  return html`<section><h2>Where this comes from</h2><dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`;
}

function fileName({ source }: DatasetReport): string {
  return source.key.slice(source.key.lastIndexOf('/') + 1);
}
