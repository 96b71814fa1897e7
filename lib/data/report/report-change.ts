import type { ColumnBeforeAndAfter, Distribution } from '../cleaning/distribution.ts';
import type { ColumnProfile } from '../dataset.ts';
import { binsOf } from '../profile-bins.ts';
import { histogramBars, renderHistogram, shownCategories, tallestOf } from './report-chart.ts';
import { type Html, html, raw } from './report-html.ts';

type Side = Distribution['after'];

/** A column's distribution before cleaning and after it, over the same bins; or a word where nothing changed. */
export function renderChange({ before, after, distribution }: ColumnBeforeAndAfter): Html {
  if (distribution === null) return raw('');
  const { type } = distribution;
  if (distribution.before === null) {
    return html`<span class="quiet">before is not shown: rows of small groups were left out</span>`;
  }
  if (isSame(distribution.before, distribution.after)) return html`<span class="quiet">unchanged</span>`;
  if (type === 'numeric' && after?.min != null && after.max != null) {
    return renderNumbers(distribution, distribution.before, [after.min, after.max], before.rows);
  }
  return renderPairs(distribution, distribution.before);
}

function isSame(before: Side, after: Side): boolean {
  return (
    before.missing === after.missing &&
    before.other === after.other &&
    before.counts.every((count, bin) => count === after.counts[bin])
  );
}

/** Both over the range of the training rows: the outer bins hold what lies beyond, too. */
function renderNumbers(
  { edges, after }: Distribution,
  before: Side,
  [min, max]: [number, number],
  rows: number,
): Html {
  const sides = [before, after].map(({ counts }) => histogramBars(edges, counts, min, max));
  const tallest = Math.max(...sides.map(tallestOf));
  const [first, second] = sides.map((bars, side) =>
    renderHistogram(bars, [min, max], side === 0 ? `before, ${rows} rows read` : 'after', tallest),
  );
  const filled = [before, after].map(({ missing, other }) => [
    ...(missing > 0 ? [`${missing} missing`] : []),
    ...(other > 0 ? [`${other} no number`] : []),
  ]);
  const [unfilled, rest] = filled.map((words) => (words.length === 0 ? '' : `, ${words.join(', ')}`));
  return html`<div class="change"><div class="before">${first ?? ''}</div><small>before${unfilled ?? ''}</small>${second ?? ''}<small>after${rest ?? ''}</small></div>`;
}

/** A line for each of the most frequent values or lengths, its bar before over its bar after. */
function renderPairs({ type, edges, values, after }: Distribution, before: Side): Html {
  const [then, now] = [before, after].map((side): ColumnProfile => {
    const { counts, other, missing } = side;
    const count = counts.reduce((sum, many) => sum + many, 0) + (type === 'categorical' ? other : 0);
    if (type !== 'categorical') return { type: 'text', count, missing, edges, counts };
    const named = Object.fromEntries(values.map((value, place) => [value, counts[place] ?? 0]));
    return { type: 'categorical', count, missing, counts: named, other };
  });
  if (!then || !now) return raw('');
  const bins = binsOf(then, now).filter(({ frozen, live }) => frozen + live > 0);
  const changed = bins
    .filter(({ frozen, live }) => frozen !== live)
    .sort((a, b) => Math.abs(b.live - b.frozen) - Math.abs(a.live - a.frozen));
  const shown = new Set(changed.slice(0, shownCategories));
  const greatest = Math.max(...bins.map(({ frozen, live }) => Math.max(frozen, live)));
  const width = (count: number) => `${((count / greatest) * 100).toFixed(1)}%`;
  const unit = type === 'text' ? ' characters' : '';
  const lines = bins
    .filter((bin) => shown.has(bin))
    .map(({ label, frozen, live }) => {
      const name = label === 'missing' || label === 'other' ? label : `${label}${unit}`;
      return html`<span class="name" title="${name}">${name}</span><span><span class="track before"><i style="width:${width(frozen)}"></i></span><span class="track"><i style="width:${width(live)}"></i></span></span><span class="number">${frozen} → ${live}</span>`;
    });
  const more = changed.length - shown.size;
  return html`<div class="bars">${lines}</div>${more > 0 ? html`<small>${more} more changed: they are in report.json</small>` : raw('')}`;
}
