import { type Html, html } from '../../data/report/report-html.ts';

export interface Axis {
  label: string;
  low: number;
  high: number;
}

/** Where a value of an axis lies in the picture. */
export type Place = (value: number) => string;

export interface Plot {
  /** Unique on the page. */
  id: string;
  title: string;
  /** What is to be seen, for people who do not see it. */
  description: string;
  x: Axis;
  y: Axis;
}

const [width, height] = [400, 320];
const [left, right, top, bottom] = [70, 388, 12, 272];

/** Numbers as people write them: four digits that count. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Beside an axis there is room for seven characters. */
function tickText(value: number): string {
  const text = short(value);
  return text.length <= 7 ? text : value.toExponential().replace('e+', 'e');
}

/** About five round numbers of an axis. */
export function ticksOf({ low, high }: Pick<Axis, 'low' | 'high'>): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** The least and the greatest of some values, a little apart from each other even when they are equal. */
export function rangeOf(values: readonly number[]): { low: number; high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return { low: 0, high: 1 };
  const room = high > low ? (high - low) * 0.04 : Math.max(Math.abs(high), 1) * 0.05;
  return { low: low - room, high: high + room };
}

function placer({ low, high }: Axis, from: number, to: number): Place {
  return (value) => (from + ((value - low) / (high - low)) * (to - from)).toFixed(1);
}

/** A picture with a title and a description that are read out, of any size that fits where it stands. */
export function picture(
  { id, title, description }: Pick<Plot, 'id' | 'title' | 'description'>,
  size: { width: number; height: number },
  content: readonly Html[],
): Html {
  return html`<svg class="plot" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" role="img" aria-labelledby="${id}-title ${id}-description"><title id="${id}-title">${title}</title><desc id="${id}-description">${description}</desc>${content}</svg>`;
}

/** A plot with its axes; `marks` are drawn over them. */
export function renderPlot(plot: Plot, marks: (x: Place, y: Place) => Html[]): Html {
  const x = placer(plot.x, left, right);
  const y = placer(plot.y, bottom, top);
  const across = ticksOf(plot.x).map(
    (tick) =>
      html`<line class="grid" x1="${x(tick)}" y1="${top}" x2="${x(tick)}" y2="${bottom}"></line><text x="${x(tick)}" y="${bottom + 16}" text-anchor="middle">${tickText(tick)}</text>`,
  );
  const upwards = ticksOf(plot.y).map(
    (tick) =>
      html`<line class="grid" x1="${left}" y1="${y(tick)}" x2="${right}" y2="${y(tick)}"></line><text x="${left - 7}" y="${y(tick)}" dy="0.32em" text-anchor="end">${tickText(tick)}</text>`,
  );
  const labels = html`<text class="label" x="${(left + right) / 2}" y="${height - 10}" text-anchor="middle">${plot.x.label}</text><text class="label" transform="translate(13 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${plot.y.label}</text>`;
  return picture(plot, { width, height }, [...across, ...upwards, labels, ...marks(x, y)]);
}

/** A line through points, in one of six looks that differ by colour and by dashes. */
export function renderLine(points: readonly (readonly [number, number])[], look: number, x: Place, y: Place) {
  const path = points.map(([across, upwards]) => `${x(across)},${y(upwards)}`).join(' ');
  return html`<polyline class="line look-${look % looks}" points="${path}"></polyline>`;
}

export const looks = 6;

/** What each line is; its name comes from the data and may be long. */
export function renderKey(names: readonly string[]): Html {
  return html`<ul class="key">${names.map(
    (name, look) =>
      html`<li><svg width="26" height="8" aria-hidden="true"><line class="line look-${look % looks}" x1="0" y1="4" x2="26" y2="4"></line></svg>${name}</li>`,
  )}</ul>`;
}

/** The beginning of a text that is too long; it ends between two characters, also between those outside of UTF-16. */
export function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

export interface Whisker {
  name: string;
  note: string;
  value: number;
  low: number | null;
  high: number | null;
}

const [row, nameEnd, plotEnd, whiskerWidth] = [26, 200, 540, 690];

/** Values one below the other, with their intervals, on one axis. */
export function renderWhiskers(
  plot: Pick<Plot, 'id' | 'title' | 'description'>,
  label: string,
  all: readonly Whisker[],
): Html {
  const axis = {
    label,
    ...rangeOf(all.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value])),
  };
  const x = placer(axis, nameEnd + 10, plotEnd);
  const floor = all.length * row + 6;
  const ticks = ticksOf(axis).map(
    (tick) =>
      html`<line class="grid" x1="${x(tick)}" y1="0" x2="${x(tick)}" y2="${floor}"></line><text x="${x(tick)}" y="${floor + 16}" text-anchor="middle">${short(tick)}</text>`,
  );
  const marks = all.map(({ name, note, value, low, high }, place) => {
    const y = place * row + row / 2 + 3;
    const interval =
      low === null || high === null
        ? []
        : [html`<line class="whisker" x1="${x(low)}" y1="${y}" x2="${x(high)}" y2="${y}"></line>`];
    return html`<text x="${nameEnd}" y="${y}" dy="0.32em" text-anchor="end">${cut(name, 28)}<title>${name}</title></text>${interval}<circle class="dot" cx="${x(value)}" cy="${y}" r="4.5"><title>${name}: ${short(value)}</title></circle><text x="${plotEnd + 14}" y="${y}" dy="0.32em">${note}</text>`;
  });
  const caption = html`<text class="label" x="${(nameEnd + plotEnd) / 2}" y="${floor + 36}" text-anchor="middle">${label}</text>`;
  return picture(plot, { width: whiskerWidth, height: floor + 44 }, [...ticks, ...marks, caption]);
}
