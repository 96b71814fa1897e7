import type { ColumnBeforeAndAfter, Distribution } from '../cleaning/distribution.ts';
import type { ColumnProfile } from '../dataset.ts';
import { binsOf } from '../profile-bins.ts';
import { histogramBars, renderHistogram, shownCategories, tallestOf } from './report-chart.ts';
import { type Html, html, raw } from './report-html.ts';

type Side = Distribution['after'];

/** What is drawn of a column before cleaning, and after it. */
export interface Shapes {
  before: Html;
  after: Html;
}

const nothing = raw('');

/** A column's distribution before cleaning and after it, over the same bins and of one scale; or a word where nothing changed. */
export function renderChange({ after, distribution }: ColumnBeforeAndAfter): Shapes {
  if (distribution === null) return { before: nothing, after: nothing };
  if (distribution.before === null) {
    const why = html`<span class="quiet">not shown: rows of small groups were left out</span>`;
    return { before: why, after: nothing };
  }
  if (isSame(distribution.before, distribution.after)) {
    return { before: nothing, after: html`<span class="quiet">unchanged</span>` };
  }
  return distribution.type === 'numeric' && after?.min != null && after.max != null
    ? renderNumbers(distribution, distribution.before, [after.min, after.max])
    : renderNames(distribution, distribution.before);
}

function isSame(before: Side, after: Side): boolean {
  return (
    before.missing === after.missing &&
    before.other === after.other &&
    before.counts.every((count, bin) => count === after.counts[bin])
  );
}

/** Both over the range of the training rows: the outer bins hold what lies beyond, too. */
function renderNumbers({ edges, after }: Distribution, before: Side, [min, max]: [number, number]): Shapes {
  const bars = [before, after].map(({ counts }) => histogramBars(edges, counts, min, max));
  const tallest = Math.max(...bars.map(tallestOf));
  const [then = nothing, now = nothing] = bars.map((some, side) => {
    const { other } = side === 0 ? before : after;
    const words = other === 1 ? 'beside one that is no number' : `beside ${other} that are no numbers`;
    const label = side === 0 ? 'before cleaning' : 'after cleaning';
    return html`${renderHistogram(some, [min, max], label, tallest)}${other === 0 ? nothing : html`<small>${words}</small>`}`;
  });
  return { before: then, after: now };
}

/** A line for each of the values, or lengths of texts, whose counts changed most; the same lines on both sides. */
function renderNames({ type, edges, values, after }: Distribution, before: Side): Shapes {
  const [then, now] = [before, after].map(({ counts, other, missing }): ColumnProfile => {
    const count = counts.reduce((sum, many) => sum + many, 0);
    if (type !== 'categorical') return { type: 'text', count, missing, edges, counts };
    const named = Object.fromEntries(values.map((value, place) => [value, counts[place] ?? 0]));
    return { type: 'categorical', count, missing, counts: named, other };
  });
  if (!then || !now) return { before: nothing, after: nothing };
  const bins = binsOf(then, now).map(({ label, frozen, live }) => ({
    name: type === 'text' && label !== 'missing' ? `${label} characters` : label,
    before: frozen,
    after: live,
  }));
  const changed = bins
    .filter((bin) => bin.before !== bin.after)
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
  const shown = new Set(changed.slice(0, shownCategories));
  const greatest = Math.max(...bins.flatMap((bin) => [bin.before, bin.after]));
  const side = (which: 'before' | 'after') =>
    html`<div class="bars">${bins
      .filter((bin) => shown.has(bin))
      .map(
        (bin) =>
          html`<span class="name" title="${bin.name}">${bin.name}</span><span class="track"><i style="width:${((bin[which] / greatest) * 100).toFixed(1)}%"></i></span><span class="number">${bin[which]}</span>`,
      )}</div>`;
  const more = changed.length - shown.size;
  const rest = more > 0 ? html`<small>${more} more changed: report.json has them</small>` : nothing;
  return { before: html`${side('before')}${rest}`, after: side('after') };
}
