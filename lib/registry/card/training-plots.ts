import { type Html, html } from '../../data/report/report-html.ts';
import { figure, nothing } from './evaluation-plots.ts';
import type { ModelCard } from './model-card.ts';
import { rangeOf, renderKey, renderLine, renderPlot, renderWhiskers, short } from './plot.ts';

/** Features beyond these hardly count. */
const mostFeatures = 20;

const endings: Record<NonNullable<ModelCard['training']['learningCurve']>['ended'], string> = {
  converged: 'it converged',
  'early stopping': 'stopped early',
  epochs: 'all epochs were used',
  'one pass': 'one pass over the new rows',
};

export function learningCurvePlot({ learningCurve }: ModelCard['training']): Html {
  if (learningCurve === null) return nothing;
  const { loss, ended, points } = learningCurve;
  const train = points.map(({ epoch, trainLoss }): [number, number] => [epoch, trainLoss]);
  const validation = points.flatMap(({ epoch, validationLoss }): [number, number][] =>
    validationLoss === null ? [] : [[epoch, validationLoss]],
  );
  const lines = validation.length === 0 ? [train] : [train, validation];
  const names = validation.length === 0 ? ['train rows'] : ['train rows', 'validation rows'];
  const unit = ended === 'one pass' ? 'batch' : 'epoch';
  const last = lines.map((line, place) => `${names[place]} ${short(line.at(-1)?.[1] ?? 0)}`);
  const drawn = renderPlot(
    {
      id: 'learning',
      title: 'Learning curve',
      description: `${loss} over ${points.length} points; at the end ${last.join(', ')}.`,
      x: { label: unit, ...rangeOf(train.map(([epoch]) => epoch)) },
      y: { label: loss, ...rangeOf(lines.flat().map(([, value]) => value)) },
    },
    (x, y) => lines.map((line, look) => renderLine(line, look, x, y)),
  );
  return figure('Learning curve', endings[ended], html`${drawn}${renderKey(names)}`);
}

/** What privacy costs in accuracy: scores of models from more private to less, and of one without noise. */
export function privacyPlot({ privacy }: ModelCard['training']): Html {
  if (privacy === null) return nothing;
  const { epsilon, delta, noiseMultiplier, scoreByEpsilon } = privacy;
  const nameOf = (each: number | null) => (each === null ? 'without noise' : `epsilon ${short(each)}`);
  const drawn = renderWhiskers(
    {
      id: 'privacy',
      title: 'Score by epsilon',
      description: scoreByEpsilon.map((each) => `${nameOf(each.epsilon)} ${short(each.score)}`).join(', '),
    },
    'score on a fifth of the train rows',
    scoreByEpsilon.map((each) => ({
      name: nameOf(each.epsilon),
      note: short(each.score),
      value: each.score,
      low: null,
      high: null,
    })),
  );
  const note = `differential privacy with epsilon ${short(epsilon)} at delta ${short(delta)}, by noise of ${short(noiseMultiplier)} clipping lengths; golden rows, figures and explanations are not protected by it`;
  return figure('What privacy costs', note, drawn, true);
}

/** By how much the figure falls when the values of a feature are shuffled. */
export function importancePlot({ importance }: ModelCard): Html {
  if (importance === null || importance.features.length === 0) return nothing;
  const { features, metric, baseline, rows, rowsFrom, repeats } = importance;
  const shown = features.slice(0, mostFeatures);
  const drawn = renderWhiskers(
    {
      id: 'importance',
      title: 'Importance of features',
      description: shown.map(({ feature, mean }) => `${feature} ${short(mean)}`).join(', '),
    },
    `${metric} lost when the feature is shuffled`,
    shown.map(({ feature, mean, deviation }) => ({
      name: feature,
      note: short(mean),
      value: mean,
      low: deviation === null ? null : mean - deviation,
      high: deviation === null ? null : mean + deviation,
    })),
  );
  const left = features.length > shown.length ? `; the first ${shown.length} of ${features.length}` : '';
  const note = `${metric} is ${short(baseline)} on ${rows} rows (${rowsFrom}); the line is the standard deviation over ${repeats} repeats${left}`;
  return figure('Importance of features', note, drawn, true);
}
