import type { Column } from '../columns.ts';
import type { ColumnProfile } from '../dataset.ts';
import { type Html, html, raw } from './report-html.ts';

const [width, height] = [168, 40];
export const shownCategories = 6;

/** A small picture of a column's distribution, or words where a picture would show personal data or nothing. */
export function renderDistribution(column: Column, profile: ColumnProfile | undefined): Html {
  if (column.isPersonal) return html`<span class="quiet">not shown: personal data</span>`;
  if (!profile || profile.count === 0) return html`<span class="quiet">no usable rows</span>`;
  if (profile.type === 'categorical') return renderBars(profile.counts, profile.other, profile.count);
  if (profile.type === 'text') return describeLengths(profile.edges);
  const { min, max, mean } = profile;
  if (min === null || max === null) return html`<span class="quiet">no numbers</span>`;
  const label = `from ${round(min)} to ${round(max)}, mean ${round(mean ?? 0)}`;
  return html`${renderHistogram(histogramBars(profile.edges, profile.counts, min, max), [min, max], label)}
    <div class="scale"><span>${round(min)}</span><span>mean ${round(mean ?? 0)}</span><span>${round(max)}</span></div>`;
}

interface HistogramBar {
  count: number;
  from: number;
  extent: number;
}

/** Bars whose area is the share of rows: the bins hold about equally many, so the narrow ones stand tall. */
export function histogramBars(
  edges: readonly number[],
  counts: readonly number[],
  min: number,
  max: number,
): HistogramBar[] {
  const span = max - min;
  return counts
    .map((count, bin) => {
      const from = Math.max(min, edges[bin - 1] ?? min);
      const to = Math.min(max, edges[bin] ?? max);
      // A value that fills a bin by itself is drawn as a narrow pillar.
      const least = span === 0 ? 1 : span / 40;
      return { count, from: Math.min(from, max - least), extent: Math.max(to - from, least) };
    })
    .filter(({ count }) => count > 0);
}

export function tallestOf(bars: readonly HistogramBar[]): number {
  return Math.max(0, ...bars.map(({ count, extent }) => count / extent));
}

/** @param tallest Of all that are to be compared. @default - of its own bars */
export function renderHistogram(
  bars: readonly HistogramBar[],
  [min, max]: [number, number],
  label: string,
  tallest = tallestOf(bars),
): Html {
  const span = max - min;
  const shapes = bars.map(({ count, from, extent }) => {
    const x = span === 0 ? width / 2 - 4 : ((from - min) / span) * width;
    const w = span === 0 ? 8 : (extent / span) * width;
    const h = Math.max(1, (count / extent / tallest) * height);
    return html`<rect x="${x.toFixed(1)}" y="${(height - h).toFixed(1)}" width="${Math.max(1, w - 0.8).toFixed(1)}" height="${h.toFixed(1)}"></rect>`;
  });
  return html`<svg class="histogram" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">${shapes}</svg>`;
}

/** A bar for each of the most frequent values. */
export function renderBars(counts: Readonly<Record<string, number>>, other: number, total: number): Html {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, shownCategories);
  const rest = sorted.slice(shownCategories).reduce((sum, [, count]) => sum + count, other);
  const bars = rest > 0 ? [...shown, ['others', rest] as const] : shown;
  return html`<div class="bars">${bars.map(([name, count]) => {
    const share = total === 0 ? 0 : (count / total) * 100;
    return html`<span class="name" title="${name}">${name}</span><span class="track"><i style="width:${share.toFixed(1)}%"></i></span><span class="number">${count}</span>`;
  })}</div>`;
}

function describeLengths(edges: readonly number[]): Html {
  const [half, most] = [edges[Math.floor(edges.length / 2)], edges.at(-1)];
  if (half === undefined || most === undefined) return raw('');
  return html`<span class="quiet">half have at most ${half} characters, nine in ten at most ${most}</span>`;
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}
