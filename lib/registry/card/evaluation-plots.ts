import { type Html, html, raw } from '../../data/report/report-html.ts';
import type { ModelCard } from './model-card.ts';
import { cut, picture, rangeOf, renderKey, renderLine, renderPlot, short } from './plot.ts';

type Evaluation = ModelCard['evaluation'];

export const nothing = raw('');

/** More classes make a matrix that nobody reads. */
const mostClasses = 12;
/** More curves cannot be told apart. */
const mostCurves = 6;

export const figure = (title: string, note: string, picture: Html, isWide = false): Html =>
  html`<figure class="${isWide ? 'wide' : ''}"><figcaption><b>${title}</b><span class="quiet">${note}</span></figcaption>${picture}</figure>`;

/** Rows by true class, columns by predicted class; each cell as dark as its share of the row. */
export function confusionPlot({ classes, confusion }: Evaluation): Html {
  if (classes === null || confusion === null) return nothing;
  if (classes.length > mostClasses) return mostConfused(classes, confusion);
  const side = Math.min(74, 330 / classes.length);
  const [left, top] = [104, 46];
  const cells = confusion.flatMap((counts, truth) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const y = top + truth * side;
    return counts.map((count, predicted) => {
      const x = left + predicted * side;
      const share = total === 0 ? 0 : count / total;
      return html`<rect class="cell" x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${(side - 2).toFixed(1)}" height="${(side - 2).toFixed(1)}" fill-opacity="${(0.06 + share * 0.49).toFixed(2)}"><title>truly ${classes[truth] ?? ''}, answered ${classes[predicted] ?? ''}: ${count}</title></rect><text class="count" x="${(x + side / 2 - 1).toFixed(1)}" y="${(y + side / 2 - 1).toFixed(1)}" dy="0.35em" text-anchor="middle">${count}</text>`;
    });
  });
  const longest = Math.max(3, Math.floor(side / 6.4));
  const names = classes.map((name, place) => {
    const middle = place * side + side / 2 - 1;
    return html`<text x="${left - 8}" y="${(top + middle).toFixed(1)}" dy="0.32em" text-anchor="end">${cut(name, 13)}<title>${name}</title></text><text x="${(left + middle).toFixed(1)}" y="${top - 8}" text-anchor="middle">${cut(name, longest)}<title>${name}</title></text>`;
  });
  const extent = classes.length * side;
  const labels = html`<text class="label" x="${(left + extent / 2).toFixed(1)}" y="14" text-anchor="middle">predicted</text><text class="label" transform="translate(12 ${(top + extent / 2).toFixed(1)}) rotate(-90)" text-anchor="middle">true</text>`;
  const right = confusion.reduce((sum, counts, place) => sum + (counts[place] ?? 0), 0);
  const all = confusion.flat().reduce((sum, count) => sum + count, 0);
  const drawn = picture(
    {
      id: 'confusion',
      title: 'Confusion matrix',
      description: `${right} of ${all} held-out rows are answered rightly; ${worstPair(classes, confusion)}.`,
    },
    { width: Math.ceil(left + extent + 8), height: Math.ceil(top + extent + 8) },
    [labels, ...names, ...cells],
  );
  return figure('Confusion', 'rows by true and by predicted class', drawn);
}

function pairsOf(classes: readonly string[], confusion: readonly (readonly number[])[]) {
  return confusion
    .flatMap((counts, truth) =>
      counts.map((count, predicted) => ({
        truth: classes[truth] ?? '',
        predicted: classes[predicted] ?? '',
        count: truth === predicted ? 0 : count,
      })),
    )
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}

function worstPair(classes: readonly string[], confusion: readonly (readonly number[])[]): string {
  const [worst] = pairsOf(classes, confusion);
  return worst
    ? `most often ${worst.truth} is taken for ${worst.predicted}, ${worst.count} times`
    : 'none is taken for another';
}

function mostConfused(classes: readonly string[], confusion: readonly (readonly number[])[]): Html {
  const rows = pairsOf(classes, confusion)
    .slice(0, 12)
    .map(
      ({ truth, predicted, count }) =>
        html`<tr><td>${truth}</td><td>${predicted}</td><td class="number">${count}</td></tr>`,
    );
  const table = html`<table><thead><tr><th>True</th><th>Predicted</th><th class="number">Rows</th></tr></thead><tbody>${rows}</tbody></table>`;
  return figure('Confusion', `the pairs of ${classes.length} classes that are confused most`, table);
}

const areaUnder = (points: readonly (readonly [number, number])[]) =>
  points.slice(1).reduce((sum, [x, y], place) => {
    const [xBefore, yBefore] = points[place] ?? [0, 0];
    return sum + ((x - xBefore) * (y + yBefore)) / 2;
  }, 0);

/** Each class against the rest. */
export function rocPlot({ curves, classes }: Evaluation): Html {
  const measured = (curves?.roc ?? [])
    .filter(({ points }) => points.length > 0)
    .map((curve) => ({ ...curve, area: areaUnder(curve.points) }))
    .sort((a, b) => a.area - b.area);
  if (measured.length === 0) return nothing;
  const shown = measured.slice(0, mostCurves);
  const names = shown.map(({ class: name, area }) => `${name}: area ${short(area)}`);
  const drawn = renderPlot(
    {
      id: 'roc',
      title: 'ROC curve of each class against the rest',
      description: `Areas under the curves: ${names.join('; ')}.`,
      x: { label: 'false positive rate', low: 0, high: 1 },
      y: { label: 'true positive rate', low: 0, high: 1 },
    },
    (x, y) => [
      html`<line class="diagonal" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"></line>`,
      ...shown.map(({ points }, look) => renderLine(points, look, x, y)),
    ],
  );
  const against =
    classes?.length === 2 ? `${classes[1]} against ${classes[0]}` : 'each class against the rest';
  const note =
    shown.length < measured.length
      ? `the ${shown.length} classes of ${measured.length} with the least area`
      : against;
  return figure('ROC', note, html`${drawn}${renderKey(names)}`);
}

/** How often the answers of each tenth of confidence are right. */
export function calibrationPlot({ curves, metrics }: Evaluation): Html {
  const bins = (curves?.calibration ?? []).flatMap(({ rows, confidence, accuracy }) =>
    confidence === null || accuracy === null ? [] : [{ rows, confidence, accuracy }],
  );
  if (bins.length === 0) return nothing;
  const most = Math.max(...bins.map(({ rows }) => rows));
  const drawn = renderPlot(
    {
      id: 'calibration',
      title: 'Calibration',
      description: bins
        .map(
          ({ rows, confidence, accuracy }) =>
            `at a mean score of ${short(confidence)}, ${short(accuracy)} of ${rows} rows are right`,
        )
        .join('; '),
      x: { label: 'mean score of the label', low: 0, high: 1 },
      y: { label: 'share of right labels', low: 0, high: 1 },
    },
    (x, y) => [
      html`<line class="diagonal" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"></line>`,
      renderLine(
        bins.map(({ confidence, accuracy }): [number, number] => [confidence, accuracy]),
        0,
        x,
        y,
      ),
      ...bins.map(
        ({ rows, confidence, accuracy }) =>
          html`<circle class="dot" cx="${x(confidence)}" cy="${y(accuracy)}" r="${(3 + 5 * Math.sqrt(rows / most)).toFixed(1)}"><title>${rows} rows: score ${short(confidence)}, right ${short(accuracy)}</title></circle>`,
      ),
    ],
  );
  const error = metrics.calibration_error ?? null;
  const note = `on the line scores are true; a larger dot has more rows${error === null ? '' : `; mean error ${short(error)}`}`;
  return figure('Calibration', note, drawn);
}

/** Of a regression: where each held-out row was predicted. */
export function predictedPlot({ points }: Evaluation, target: string): Html {
  if (points === null || points.length === 0) return nothing;
  const range = rangeOf(points.flat());
  const drawn = renderPlot(
    {
      id: 'predicted',
      title: 'Predicted against true values',
      description: `${points.length} held-out rows; true values from ${short(Math.min(...points.map(([truth]) => truth)))} to ${short(Math.max(...points.map(([truth]) => truth)))}.`,
      x: { label: `true ${cut(target, 40)}`, ...range },
      y: { label: `predicted ${cut(target, 40)}`, ...range },
    },
    (x, y) => [
      html`<line class="diagonal" x1="${x(range.low)}" y1="${y(range.low)}" x2="${x(range.high)}" y2="${y(range.high)}"></line>`,
      ...points.map(
        ([truth, predicted]) =>
          html`<circle class="point" cx="${x(truth)}" cy="${y(predicted)}" r="3"></circle>`,
      ),
    ],
  );
  return figure('Predicted and true', 'on the line an answer is right', drawn);
}
