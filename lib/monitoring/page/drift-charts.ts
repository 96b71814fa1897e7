import { type Html, html, raw } from '../../data/report/report-html.ts';
import type { ExplanationReport, WatchedReport } from '../drift-report.ts';

const barWidth = 12;
const step = 2 * barWidth + 8;
const height = 72;
const none = raw('');

export const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function sharesOf(bins: WatchedReport['bins'], side: 'frozen' | 'live'): number[] {
  const total = bins.reduce((sum, bin) => sum + bin[side], 0);
  return bins.map((bin) => (total === 0 ? 0 : bin[side] / total));
}

/** Shares of each bin side by side: then, and now. */
export function renderPair({ name, bins }: WatchedReport, before: string): Html {
  if (bins.length === 0) return none;
  const sides = [
    { side: 'frozen', title: before, shares: sharesOf(bins, 'frozen') },
    { side: 'live', title: 'live', shares: sharesOf(bins, 'live') },
  ] as const;
  const tallest = Math.max(...sides.flatMap(({ shares }) => shares), 0.01);
  const bars = bins.flatMap((bin, index) =>
    sides.map(({ side, title, shares }, place) => {
      const share = shares[index] ?? 0;
      const tall = (share / tallest) * height;
      const x = index * step + place * barWidth;
      return html`<rect class="${side}" x="${x}" y="${(height - tall).toFixed(1)}" width="${barWidth - 1}" height="${tall.toFixed(1)}"><title>${bin.label}: ${title} ${percent(share)}</title></rect>`;
    }),
  );
  const width = bins.length * step;
  const label = `share of ${name} by bin, in ${before} and live`;
  return html`<svg class="pair" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">${bars}</svg>
<div class="ends" style="width:${width}px"><span>${bins[0]?.label ?? ''}</span><span>${bins.at(-1)?.label ?? ''}</span></div>`;
}

const timeWidth = 480;

/** The index of each hour, those from the change on in another colour; the line is the limit. */
export function renderHours({ feature, hours, since }: ExplanationReport, limit: number): Html {
  const [first, last] = [hours[0], hours.at(-1)];
  if (!first || !last) return none;
  const wide = timeWidth / hours.length;
  const highest = Math.max(limit * 1.5, ...hours.map(({ psi }) => psi ?? 0));
  const y = (psi: number) => (1 - psi / highest) * height;
  const bars = hours.map(({ hour, psi, rows }, place) => {
    const look = hour >= since ? 'changed' : 'live';
    const text = psi === null ? 'no rows' : `PSI ${psi.toFixed(3)}, ${rows} rows`;
    const top = y(psi ?? 0);
    return html`<rect class="${look}" x="${(place * wide).toFixed(1)}" y="${top.toFixed(1)}" width="${Math.max(1, wide - 1).toFixed(1)}" height="${(height - top).toFixed(1)}"><title>${hour}: ${text}</title></rect>`;
  });
  const label = `population stability index of ${feature} by the hour`;
  return html`<svg class="pair hours" viewBox="0 0 ${timeWidth} ${height}" width="${timeWidth}" height="${height}" role="img" aria-label="${label}">${bars}<line x1="0" x2="${timeWidth}" y1="${y(limit).toFixed(1)}" y2="${y(limit).toFixed(1)}"/></svg>
<div class="ends" style="width:${timeWidth}px"><span>${first.hour}</span><span>${last.hour}</span></div>`;
}
