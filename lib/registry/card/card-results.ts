import { type Html, html, raw } from '../../data/report/report-html.ts';
import { mainMetric } from '../../model/gate.ts';
import { listed, tableOf } from './card-parts.ts';
import { figure } from './evaluation-plots.ts';
import { heldOutText } from './held-out-text.ts';
import type { ModelCard } from './model-card.ts';
import { renderWhiskers, short, type Whisker } from './plot.ts';

const mostRows = 40;

export const number = (value: number | null | undefined) =>
  value === null || value === undefined ? 'not measured' : short(value);

export function intervalText(interval: { low: number; high: number } | null | undefined): string {
  return interval ? `${short(interval.low)} to ${short(interval.high)}` : 'none';
}

export function renderFigures({ evaluation, data, training }: ModelCard): Html {
  const rows = Object.entries(evaluation.metrics).map(([name, value]) => [
    name,
    number(value),
    intervalText(evaluation.intervals[name]),
  ]);
  const table = tableOf(
    [{ name: 'Figure' }, { name: 'Value', isNumber: true }, { name: '95 % interval' }],
    rows,
  );
  const own = Object.entries(training.figures).map(([name, value]) => `${name} ${short(value)}`);
  const trainers =
    own.length === 0
      ? raw('')
      : html`<p class="quiet">The trainer's own figures, on the train rows and their folds: ${own.join(', ')}.</p>`;
  return html`<section><h2>Figures on ${heldOutText(data)}</h2>${table}${renderClasses(evaluation)}${trainers}</section>`;
}

function renderClasses({ perClass }: ModelCard['evaluation']): Html {
  if (perClass === null) return raw('');
  const all = Object.entries(perClass).sort(([, a], [, b]) => a.f1 - b.f1);
  const shown = all.slice(0, mostRows);
  const withInterval = (value: number, interval: { low: number; high: number } | undefined) =>
    html`${short(value)}<small>${intervalText(interval)}</small>`;
  const rows = shown.map(([name, { precision, recall, f1, support, intervals }]) => [
    name,
    String(support),
    withInterval(precision, intervals.precision),
    withInterval(recall, intervals.recall),
    withInterval(f1, intervals.f1),
  ]);
  const table = tableOf(
    [{ name: 'Class' }, ...['Rows', 'Precision', 'Recall', 'F1'].map((name) => ({ name, isNumber: true }))],
    rows,
  );
  const which = shown.length < all.length ? `, the ${shown.length} of ${all.length} with the least F1` : '';
  return html`<h3>By class${which}</h3>${table}`;
}

export function renderComparison({ evaluation, lineage }: ModelCard): Html {
  const { comparison } = evaluation;
  const before = lineage.parentVersion;
  if (comparison === null) {
    const why =
      before === null
        ? 'There was no champion to compare it with.'
        : `It was not compared with version ${before}, the champion of that time; the gate's reasons above say why.`;
    return html`<section><h2>Beside the champion</h2><p>${why}</p></section>`;
  }
  const { metric, candidate, champion, gain, interval, pValue, rows, leftOut, verdict } = comparison;
  const unseen =
    leftOut === 0
      ? ''
      : `; ${leftOut} held-out rows were left out, since one of the versions may have learned from them`;
  return html`<section><h2>Beside the champion, version ${before ?? 'unknown'}: ${verdict.replaceAll('-', ' ')}</h2>
<p>${metric} ${number(candidate)} against ${number(champion)} on the same ${rows} rows${unseen}. Gain ${number(gain)}, 95 % interval ${intervalText(interval)}, p ${number(pValue)}.</p></section>`;
}

/** Slices whose figure is known, as a picture; the others by name. */
export function renderSlices({ evaluation, task }: ModelCard): Html {
  const { slices } = evaluation;
  if (slices.length === 0) {
    return html`<section><h2>Slices</h2><p class="empty">none asked for: <code>gate.slices</code> in the definition names them</p></section>`;
  }
  const metric = mainMetric(task);
  const nameOf = ({ feature, slice }: (typeof slices)[number]) => `${feature}: ${slice}`;
  const known = slices.flatMap((each): Whisker[] => {
    const value = each.metrics?.[metric] ?? null;
    if (value === null) return [];
    const { low = null, high = null } = each.intervals?.[metric] ?? {};
    const note = `${short(value)} of ${each.rows} rows`;
    return [{ name: nameOf(each), note, value, low, high }];
  });
  const shown = known.slice(0, mostRows);
  const unknown = slices.filter(({ metrics }) => (metrics?.[metric] ?? null) === null);
  const left = known.length > shown.length ? `; the first ${shown.length} of ${known.length}` : '';
  const plot =
    shown.length === 0
      ? raw('')
      : figure(
          metric,
          `with 95 % intervals${left}`,
          renderWhiskers(
            {
              id: 'slices',
              title: `${metric} by slice`,
              description: shown.map(({ name, note }) => `${name}: ${note}`).join('; '),
            },
            metric,
            shown,
          ),
        );
  const few =
    unknown.length === 0
      ? raw('')
      : html`<p class="quiet">Too few rows to say anything: ${listed(unknown.map((each) => `${nameOf(each)} (${each.rows})`))}.</p>`;
  return html`<section><h2>Slices</h2>${plot}${few}</section>`;
}

export function renderGroups({ evaluation }: ModelCard): Html {
  const parts = evaluation.groups.map(({ feature, favourable, groups, gaps }) => {
    const table = tableOf(
      [
        { name: feature },
        ...['Rows', `Answered ${favourable}`, 'Of those who truly are'].map((name) => ({
          name,
          isNumber: true,
        })),
      ],
      groups.map(({ name, rows, selectionRate, truePositiveRate }) => [
        name,
        String(rows),
        number(selectionRate),
        number(truePositiveRate),
      ]),
    );
    const { demographic_parity: parity, equal_opportunity: opportunity } = gaps;
    return html`${table}<p>Greatest gap: ${number(parity.value)} (${intervalText(parity.interval)}) of all, ${number(opportunity.value)} (${intervalText(opportunity.interval)}) of those who truly are ${favourable}.</p>`;
  });
  return parts.length === 0 ? raw('') : html`<section><h2>Groups</h2>${parts}</section>`;
}

const kinds = {
  noise: 'noise, share of the deviation',
  missing: 'values taken away',
  units: 'wrong unit, factor',
};

export function renderRobustness({ evaluation }: ModelCard): Html {
  const { metric, rows, undisturbed, disturbances } = evaluation.robustness;
  if (disturbances.length === 0) return raw('');
  const worst = [...disturbances].sort((a, b) => (b.drop ?? 0) - (a.drop ?? 0)).slice(0, 12);
  const table = tableOf(
    [
      { name: 'Disturbance' },
      { name: 'Feature' },
      ...['Amount', metric, 'Worse by', 'Refused as out of range'].map((name) => ({ name, isNumber: true })),
    ],
    worst.map(({ kind, feature, amount, value, drop, refusedShare }) => [
      kinds[kind],
      feature ?? 'all',
      short(amount),
      number(value),
      number(drop),
      `${short(refusedShare * 100)} %`,
    ]),
  );
  const which =
    worst.length < disturbances.length
      ? `, the ${worst.length} of ${disturbances.length} that hurt most`
      : '';
  return html`<section><h2>When inputs go wrong</h2><p>${metric} is ${number(undisturbed)} on ${rows} rows as they are. Disturbed${which}:</p>${table}</section>`;
}
