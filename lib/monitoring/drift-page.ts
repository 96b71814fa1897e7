import { type Html, html, raw } from '../data/report/report-html.ts';
import { reportStyle } from '../data/report/report-style.ts';
import type { DriftReport, WatchedReport } from './drift-report.ts';
import { explanationSentences } from './explanation-text.ts';
import { renderHours, renderPair } from './page/drift-charts.ts';
import { driftStyle } from './page/drift-style.ts';
import { renderEstimate, renderQuality } from './page/quality-parts.ts';

const headline: Record<DriftReport['verdict'], string> = {
  drifted: 'Drifted',
  stable: 'Stable',
  'not enough data': 'Not enough data',
};

const none = raw('');

const nextStep: Record<DriftReport['verdict'], string> = {
  drifted:
    'If the definition retrains on drift, a retrain begins by itself. It learns from labelled rows: send labels as feedback, or upload newer data.',
  stable: 'Nothing needs to be done.',
  'not enough data': 'Nothing is judged and nothing is changed until there is more traffic.',
};

function renderVerdict(report: DriftReport): Html {
  const { verdict, reason, model, isCutOff, anomalies } = report;
  const look = { drifted: 'rejected', stable: '', 'not enough data': 'unsure' }[verdict];
  const cut = isCutOff ? html`<p>There was more traffic than is read; a part of it was.</p>` : none;
  const odd = anomalies.map((anomaly) => html`<p><b>Odd answers.</b> ${anomaly.reason}.</p>`);
  return html`<section class="verdict ${look}"><span class="badge">${headline[verdict]}</span>
<h1>${model}: ${reason}</h1>${cut}${odd}<p><b>What to do next.</b> ${nextStep[verdict]}</p></section>`;
}

/** Each feature that drifted: since when, which values, which rows. */
function renderExplanations({ explanations, limits }: DriftReport): Html {
  if (explanations.length === 0) return none;
  const lines = explanations.map(
    (each) =>
      html`<tr><td class="column">${each.feature}</td><td>${renderHours(each, limits?.psi ?? 1)}</td><td>${explanationSentences(each).map((text) => html`<p>${text}</p>`)}</td></tr>`,
  );
  return html`<section><h2>What changed, and when</h2>
<p class="quiet">Population stability index of each hour; the line is the limit.</p>
<div class="scroll"><table><thead><tr><th>Feature</th><th>By the hour</th><th>Change</th></tr></thead><tbody>${lines}</tbody></table></div></section>`;
}

function renderWatched(title: string, before: string, watched: WatchedReport[], note: Html = none): Html {
  if (watched.length === 0) return none;
  const order = { drifted: 0, stable: 1, 'not enough data': 2 };
  const sorted = [...watched].sort(
    (a, b) => order[a.verdict] - order[b.verdict] || (b.psi ?? 0) - (a.psi ?? 0),
  );
  const lines = sorted.map(
    (each) =>
      html`<tr><td class="column">${each.name}<small class="${each.verdict === 'drifted' ? 'warn' : ''}">${each.verdict}</small></td><td>${renderPair(each, before)}</td><td>${each.reason}</td></tr>`,
  );
  return html`<section><h2>${title}</h2>${note}
<p class="quiet key">Share of rows in each bin:<i class="frozen"></i>${before}<i class="live"></i>live</p>
<div class="scroll"><table><thead><tr><th>What</th><th>${before} and live</th><th>Why</th></tr></thead><tbody>${lines}</tbody></table></div></section>`;
}

function renderAnswers({ outputs, concept }: DriftReport): Html {
  const parts = [
    outputs
      ? renderWatched(
          `Answers: ${outputs.verdict}`,
          'evaluation',
          outputs.watched,
          html`<p>${outputs.reason}</p>`,
        )
      : none,
    concept
      ? renderWatched(
          `Truth behind the answers: ${concept.verdict}`,
          'evaluation',
          concept.watched,
          html`<p>${concept.reason}</p>`,
        )
      : none,
  ];
  return html`${parts}`;
}

/** Which features decide, then and now, the most deciding of now first. */
function renderAttributions({ attributions }: DriftReport): Html {
  if (!attributions) return none;
  const lines = attributions.features
    .toSorted((a, b) => a.liveRank - b.liveRank)
    .map(
      ({ feature, trainedRank, liveRank, trained, live }) =>
        html`<tr><td class="column">${feature}</td><td class="number">${liveRank}</td><td class="number">${trainedRank}</td><td class="number">${live.toPrecision(3)}</td><td class="number">${trained.toPrecision(3)}</td></tr>`,
    );
  const table =
    lines.length === 0
      ? none
      : html`<div class="scroll"><table><thead><tr><th>Feature</th><th class="number">Rank</th><th class="number">In training</th><th class="number">Mean contribution</th><th class="number">In training</th></tr></thead><tbody>${lines}</tbody></table></div>`;
  return html`<section><h2>What decides the answers: ${attributions.verdict}</h2><p>${attributions.reason}</p>${table}</section>`;
}

function renderOrigin({ champion, window, sample, measuredAt, limits, hours }: DriftReport): Html {
  const facts: [string, string][] = [
    [
      'Compared with',
      champion ? `version ${champion.version}, dataset ${champion.datasetId}` : 'no champion',
    ],
    ['Live rows', `${sample}, from ${window.from} to ${window.to}`],
    [
      'Limits',
      limits
        ? `PSI ${limits.psi}, KS distance ${limits.distance}, share ${limits.share}, missing ${limits.missing}; at least ${limits.leastSample} rows; chance of a false alarm in a measurement ${limits.falseAlarms}`
        : 'none',
    ],
    ['Hours', `${hours.kept} kept from before, ${hours.read} read`],
    ['Measured', measuredAt],
  ];
  return html`<section><h2>Origin</h2><dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`;
}

/** A measurement as a page that needs no other file: the verdict first, then what changed since when, then each part. */
export function driftPage(report: DriftReport): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${report.model}: ${headline[report.verdict]}</title>
<style>${raw(reportStyle)}${raw(driftStyle)}</style>
</head>
<body>
<main>
${renderVerdict(report)}
${renderExplanations(report)}
${renderQuality(report)}
${renderEstimate(report)}
${renderWatched('Inputs', 'training', report.features)}
${renderAnswers(report)}
${renderAttributions(report)}
${renderOrigin(report)}
</main>
</body>
</html>
`.markup;
}
