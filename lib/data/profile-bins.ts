import type { ColumnProfile } from './dataset.ts';

/** One bin of a frozen distribution with its count there and in live traffic. */
export interface Bin {
  label: string;
  frozen: number;
  live: number;
}

const shown = (edge: number) => String(Number(edge.toPrecision(4)));

function intervalLabels(edges: number[]): string[] {
  const first = edges[0];
  const last = edges.at(-1);
  if (first === undefined || last === undefined) return ['all'];
  const inner = edges.slice(1).map((edge, index) => `${shown(edges[index] ?? edge)} – ${shown(edge)}`);
  return [`≤ ${shown(first)}`, ...inner, `> ${shown(last)}`];
}

/**
 * Two profiles of one column as bins side by side, missing values in a bin of their own.
 *
 * @param live Made on the bins of `frozen`. A category that the frozen profile does not name counts as `other`.
 */
export function binsOf(frozen: ColumnProfile, live: ColumnProfile | undefined): Bin[] {
  const missing = { label: 'missing', frozen: frozen.missing, live: live?.missing ?? 0 };
  if (frozen.type === 'categorical') {
    const counts = live?.type === 'categorical' ? live.counts : {};
    const unnamed = Object.entries(counts)
      .filter(([name]) => !(name in frozen.counts))
      .reduce((sum, [, count]) => sum + count, 0);
    const other = (live?.type === 'categorical' ? live.other : 0) + unnamed;
    return [
      ...Object.entries(frozen.counts).map(([label, count]) => ({
        label,
        frozen: count,
        live: counts[label] ?? 0,
      })),
      { label: 'other', frozen: frozen.other, live: other },
      missing,
    ];
  }
  const counts = live === undefined || live.type === 'categorical' ? [] : live.counts;
  const labels = intervalLabels(frozen.edges);
  return [
    ...frozen.counts.map((count, index) => ({
      label: labels[index] ?? String(index),
      frozen: count,
      live: counts[index] ?? 0,
    })),
    missing,
  ];
}
