import { type Html, html, raw } from '../../data/report/report-html.ts';
import { reportStyle } from '../../data/report/report-style.ts';
import { mainMetric } from '../../model/gate.ts';
import { renderData, renderLimits, renderOrigin, renderTraining } from './card-origin.ts';
import { fact, facts, moneyText, notGiven, secondsText } from './card-parts.ts';
import {
  renderComparison,
  renderFigures,
  renderGroups,
  renderRobustness,
  renderSlices,
} from './card-results.ts';
import { cardStyle } from './card-style.ts';
import { renderWeights } from './card-weights.ts';
import { calibrationPlot, confusionPlot, predictedPlot, rocPlot } from './evaluation-plots.ts';
import { judgedText } from './held-out-text.ts';
import type { ModelCard } from './model-card.ts';
import { short } from './plot.ts';
import { importancePlot, learningCurvePlot, privacyPlot } from './training-plots.ts';

/** More reasons are a click away: a gate with slices has dozens. */
const shownReasons = 4;

function renderReasons(reasons: readonly string[]): Html {
  const list = (some: readonly string[]) => html`<ul>${some.map((reason) => html`<li>${reason}</li>`)}</ul>`;
  const rest = reasons.slice(shownReasons);
  if (rest.length === 0) return list(reasons);
  return html`${list(reasons.slice(0, shownReasons))}<details><summary>${rest.length} more</summary>${list(rest)}</details>`;
}

function renderHead(card: ModelCard): Html {
  const { gate } = card.evaluation;
  const hasPassed = gate.verdict === 'pass';
  return html`<section class="verdict ${hasPassed ? '' : 'rejected'}">
<span class="badge">${hasPassed ? 'Passed its gate' : 'Did not pass its gate'}</span>
<h1>${card.model}, version ${card.version}</h1>
<p>${card.description ?? notGiven('no description was given')}</p>
${renderReasons(gate.reasons)}
</section>`;
}

function renderTiles({ evaluation, data, cost, task }: ModelCard): Html {
  const named = [mainMetric(task), ...evaluation.gate.checks.flatMap(({ metric }) => metric ?? [])];
  const shown = [...new Set(named)]
    .filter((name) => typeof evaluation.metrics[name] === 'number')
    .slice(0, 3);
  const tiles: [string, string, string][] = [
    ...shown.map((name): [string, string, string] => {
      const interval = evaluation.intervals[name];
      const within = interval ? `${short(interval.low)} to ${short(interval.high)}` : 'no interval';
      return [short(evaluation.metrics[name] ?? 0), name, within];
    }),
    [String(data.trainRows), 'rows trained on', ''],
    [String(data.heldOutRows), 'rows held out', judgedText(data)],
    [secondsText(cost.trainingSeconds), 'of training', cost.trials === null ? '' : `${cost.trials} trials`],
    [moneyText(cost.money), 'cost of training', ''],
  ];
  return html`<div class="tiles">${tiles.map(([value, label, note]) => html`<div class="tile"><b>${value}</b><span>${label}</span><small>${note}</small></div>`)}</div>`;
}

function renderStatements({ statements: said }: ModelCard): Html {
  return html`<section><h2>What it is for, and what not</h2>${facts([
    fact('Intended use', said.intendedUse),
    fact('Not made for', said.outOfScope),
    fact('Limitations', said.limitations),
    fact('Ethical considerations', said.ethicalConsiderations),
    fact('Owner', said.owner),
    fact('Contact', said.contact),
    fact('License', said.license),
  ])}
<p class="quiet">These are the words of people: they stand below <code>card</code> in the model's definition.</p></section>`;
}

function renderPlots(card: ModelCard): Html {
  const { evaluation, training, data } = card;
  const plots = [
    confusionPlot(evaluation),
    rocPlot(evaluation),
    calibrationPlot(evaluation),
    predictedPlot(evaluation, data.target.name),
    learningCurvePlot(training),
    privacyPlot(training),
    importancePlot(card),
  ].filter(({ markup }) => markup !== '');
  if (plots.length === 0) return raw('');
  return html`<section><h2>In pictures</h2><div class="figures">${plots}</div>${withoutScores(card)}</section>`;
}

function withoutScores({ evaluation, training }: ModelCard): Html {
  const isClassifier = evaluation.classes !== null && evaluation.curves === null;
  if (!isClassifier) return raw('');
  return html`<p class="quiet">${training.algorithm} gives labels without scores, so there are no ROC curve and no calibration.</p>`;
}

/** A version's card as one page that needs no other file: its verdict first, then figures, data, training, origin. */
export function cardPage(card: ModelCard): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${card.model}, version ${card.version}: model card</title>
<style>${raw(reportStyle)}${raw(cardStyle)}</style>
</head>
<body>
<main>
${renderHead(card)}
${renderTiles(card)}
${renderStatements(card)}
${renderPlots(card)}
${renderFigures(card)}
${renderComparison(card)}
${renderSlices(card)}
${renderGroups(card)}
${renderRobustness(card)}
${renderWeights(card)}
${renderLimits(card)}
${renderData(card)}
${renderTraining(card)}
${renderOrigin(card)}
</main>
</body>
</html>
`.markup;
}
