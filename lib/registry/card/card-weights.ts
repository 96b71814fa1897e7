import { type Html, html, raw } from '../../data/report/report-html.ts';
import { bytesText, tableOf } from './card-parts.ts';
import { intervalText, number } from './card-results.ts';
import type { ModelCard } from './model-card.ts';

/** Which file is served: the one with 8-bit weights or the full one, and what that costs. */
export function renderWeights({ evaluation }: ModelCard): Html {
  const { quantisation } = evaluation;
  if (quantisation === null) return raw('');
  const { full, quantised, metric, loss, interval, kind, verdict, reason } = quantisation;
  const rows = [['full', full] as const, [kind, quantised] as const].flatMap(([name, file]) =>
    file === null ? [] : [[name, bytesText(file.bytes), number(file.value)]],
  );
  const table = tableOf(
    [{ name: 'Weights' }, ...['Size of the file', metric].map((name) => ({ name, isNumber: true }))],
    rows,
  );
  const lost =
    loss === null
      ? raw('')
      : html`<p>With ${kind} weights ${metric} gets worse by ${number(loss)} (95 % interval ${intervalText(interval)}).</p>`;
  const served = verdict === 'served' ? kind : 'full';
  return html`<section><h2>Weights: ${served}</h2>${table}${lost}<p class="quiet">${reason}.</p></section>`;
}
