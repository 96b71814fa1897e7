import { type Html, html, raw } from '../../data/report/report-html.ts';
import type { DriftReport } from '../drift-report.ts';

const none = raw('');
const figure = (value: number | null) => (value === null ? '–' : String(Number(value.toPrecision(3))));
const between = (interval: [number, number] | null) =>
  interval ? `${figure(interval[0])} to ${figure(interval[1])}` : '–';

const tableOf = (head: Html, lines: Html[]) =>
  lines.length === 0
    ? none
    : html`<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${lines}</tbody></table></div>`;

/** Quality by the labels that came, by version and by slice. */
export function renderQuality({ quality, thumbs }: DriftReport): Html {
  if (!quality) return none;
  const versions = quality.versions.map(
    ({ version, sample, verdict, reason, f1 }) =>
      html`<tr><td class="number">${version}</td><td class="number">${sample}</td><td class="${verdict === 'low' ? 'warn' : ''}">${verdict}</td><td>${reason}${f1 ? html`<small>macro F1 ${figure(f1.value)} (95 % between ${between(f1.interval)})</small>` : none}</td></tr>`,
  );
  const slices = quality.slices.map(
    ({ feature, slice, sample, value, interval, evaluated }) =>
      html`<tr><td>${feature}: ${slice}</td><td class="number">${sample}</td><td class="number">${figure(value)}</td><td class="number">${between(interval)}</td><td class="number">${figure(evaluated)}</td></tr>`,
  );
  const content =
    thumbs && thumbs.up + thumbs.down > 0
      ? html`<p>People were content with ${thumbs.up} answers and not with ${thumbs.down}.</p>`
      : none;
  return html`<section><h2>Quality of live answers: ${quality.verdict}</h2><p>${quality.reason}</p>${content}
${tableOf(html`<th class="number">Version</th><th class="number">Labels</th><th>Verdict</th><th>Why</th>`, versions)}
${tableOf(html`<th>Slice</th><th class="number">Labels</th><th class="number">${quality.metric}</th><th class="number">95 % between</th><th class="number">When evaluated</th>`, slices)}</section>`;
}

/** Quality without labels, and whether it may be trusted. */
export function renderEstimate({ estimate }: DriftReport): Html {
  if (!estimate) return none;
  const { verdict, reason, f1, auc, reconciliation } = estimate;
  const area = auc
    ? html`<p>ROC-AUC is estimated at ${figure(auc.value)} (95 % between ${figure(auc.interval[0])} and ${figure(auc.interval[1])}).</p>`
    : none;
  const labelled = reconciliation
    ? html`<p>Of ${reconciliation.sample} labelled rows ${figure(reconciliation.actual)} were right; ${figure(reconciliation.estimated)} would have been estimated.</p>`
    : none;
  return html`<section><h2>Estimated quality without labels: ${verdict}</h2><p>${reason}</p>
${f1 === null ? none : html`<p>Macro F1 is estimated at ${figure(f1)}.</p>`}${area}${labelled}</section>`;
}
