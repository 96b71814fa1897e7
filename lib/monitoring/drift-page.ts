import { type Html, html, raw } from '../data/report/report-html.ts';
import { reportStyle } from '../data/report/report-style.ts';
import type { DriftReport } from './drift-report.ts';

type FeatureReport = DriftReport['features'][number];

const headline: Record<DriftReport['verdict'], string> = {
  drifted: 'Drifted',
  stable: 'Stable',
  'not enough data': 'Not enough data',
};

const chartStyle = `
td.column{min-width:10em}
.verdict.unsure{border-left-color:var(--quiet)}
.unsure .badge{background:var(--code);color:var(--quiet)}
.pair{display:block;max-width:100%;border-bottom:1px solid var(--line)}
.pair .frozen,.key i.frozen{fill:var(--quiet);background:var(--quiet);opacity:.45}
.pair .live,.key i.live{fill:var(--bar);background:var(--bar)}
.key i{display:inline-block;width:11px;height:11px;border-radius:3px;margin:0 6px 0 14px}
.ends{max-width:100%;display:flex;justify-content:space-between;font-size:11px;color:var(--quiet)}
`;

const barWidth = 12;
const step = 2 * barWidth + 8;
const height = 72;
const none = raw('');

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function sharesOf(bins: FeatureReport['bins'], side: 'frozen' | 'live'): number[] {
  const total = bins.reduce((sum, bin) => sum + bin[side], 0);
  return bins.map((bin) => (total === 0 ? 0 : bin[side] / total));
}

/** Shares of each bin side by side: training, then live. */
function renderPair({ name, bins }: FeatureReport): Html {
  if (bins.length === 0) return none;
  const sides = [
    { side: 'frozen', title: 'training', shares: sharesOf(bins, 'frozen') },
    { side: 'live', title: 'live', shares: sharesOf(bins, 'live') },
  ] as const;
  const tallest = Math.max(...sides.flatMap(({ shares }) => shares), 0.01);
  const bars = bins.flatMap((bin, index) =>
    sides.map(({ side, title, shares }, place) => {
      const share = shares[index] ?? 0;
      const tall = (share / tallest) * height;
      const x = index * step + place * barWidth;
      return html`<rect class="${side}" x="${x}" y="${(height - tall).toFixed(1)}" width="${barWidth - 1}" height="${tall.toFixed(1)}"><title>${bin.label}: ${title} ${percent(share)}</title></rect>`;
    }),
  );
  const width = bins.length * step;
  const label = `share of ${name} by bin, in training and live`;
  return html`<svg class="pair" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">${bars}</svg>
<div class="ends" style="width:${width}px"><span>${bins[0]?.label ?? ''}</span><span>${bins.at(-1)?.label ?? ''}</span></div>`;
}

const nextStep: Record<DriftReport['verdict'], string> = {
  drifted:
    'If the definition retrains on drift, a retrain begins by itself. It learns from labelled rows: send labels as feedback, or upload newer data.',
  stable: 'Nothing needs to be done.',
  'not enough data': 'Nothing is judged and nothing is changed until there is more traffic.',
};

function renderVerdict(report: DriftReport): Html {
  const { verdict, reason, model, isCutOff } = report;
  const look = { drifted: 'rejected', stable: '', 'not enough data': 'unsure' }[verdict];
  const cut = isCutOff ? html`<p>There was more traffic than is read; the newest rows were.</p>` : none;
  return html`<section class="verdict ${look}"><span class="badge">${headline[verdict]}</span>
<h1>${model}: ${reason}</h1>${cut}<p><b>What to do next.</b> ${nextStep[verdict]}</p></section>`;
}

function renderQuality({ quality }: DriftReport): Html {
  if (!quality) return none;
  const lines = quality.versions.map(
    ({ version, sample, verdict, reason }) =>
      html`<tr><td class="number">${version}</td><td class="number">${sample}</td><td class="${verdict === 'low' ? 'warn' : ''}">${verdict}</td><td>${reason}</td></tr>`,
  );
  const table =
    lines.length === 0
      ? none
      : html`<div class="scroll"><table><thead><tr><th class="number">Version</th><th class="number">Labels</th><th>Verdict</th><th>Why</th></tr></thead><tbody>${lines}</tbody></table></div>`;
  return html`<section><h2>Quality of live answers: ${quality.verdict}</h2><p>${quality.reason}</p>${table}</section>`;
}

function renderFeatures({ features }: DriftReport): Html {
  if (features.length === 0) return none;
  const order = { drifted: 0, stable: 1, 'not enough data': 2 };
  const sorted = [...features].sort(
    (a, b) => order[a.verdict] - order[b.verdict] || (b.psi ?? 0) - (a.psi ?? 0),
  );
  const lines = sorted.map(
    (feature) =>
      html`<tr><td class="column">${feature.name}<small class="${feature.verdict === 'drifted' ? 'warn' : ''}">${feature.verdict}</small></td><td>${renderPair(feature)}</td><td>${feature.reason}</td></tr>`,
  );
  return html`<section><h2>Inputs</h2>
<p class="quiet key">Share of rows in each bin:<i class="frozen"></i>training<i class="live"></i>live</p>
<div class="scroll"><table><thead><tr><th>Feature</th><th>Training and live</th><th>Why</th></tr></thead><tbody>${lines}</tbody></table></div></section>`;
}

function renderOrigin({ champion, window, sample, measuredAt, limits }: DriftReport): Html {
  const facts: [string, string][] = [
    [
      'Compared with',
      champion ? `version ${champion.version}, dataset ${champion.datasetId}` : 'no champion',
    ],
    ['Live rows', `${sample}, from ${window.from} to ${window.to}`],
    ['Limits', limits ? `PSI ${limits.psi}, at least ${limits.leastSample} rows` : 'none'],
    ['Measured', measuredAt],
  ];
  return html`<section><h2>Origin</h2><dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`;
}

/** A measurement as a page that needs no other file: the verdict first, then each feature's two distributions. */
export function driftPage(report: DriftReport): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${report.model}: ${headline[report.verdict]}</title>
<style>${raw(reportStyle)}${raw(chartStyle)}</style>
</head>
<body>
<main>
${renderVerdict(report)}
${renderQuality(report)}
${renderFeatures(report)}
${renderOrigin(report)}
</main>
</body>
</html>
`.markup;
}
