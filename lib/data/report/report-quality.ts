import type { CheckResult } from '../checks/check-result.ts';
import type { DatasetReport } from '../dataset.ts';
import { type Html, html, raw } from './report-html.ts';

/** Wide data has thousands of checks; a page shows those that matter first. */
const mostShown = 300;
const statusWords = { passed: 'passed', failed: 'failed', 'not-judged': 'not judged' } as const;
const order = { failed: 0, 'not-judged': 1, passed: 2 } as const;
const actions = { quarantine: 'rows put aside', reject: 'rejects the file', warn: 'warns' } as const;

/** The four scores, each with its formula. */
export function renderFamilies({ families }: DatasetReport): Html {
  if (families.length === 0) return raw('');
  const lines = families.map(
    ({ family, score, formula }) =>
      html`<tr><td class="column">${family}</td><td class="number">${score === null ? 'none' : percent(score)}</td><td class="quiet">${formula}</td></tr>`,
  );
  return html`<section><h2>Quality</h2><div class="scroll"><table>
<thead><tr><th>Family</th><th class="number">Score</th><th>Formula</th></tr></thead>
<tbody>${lines}</tbody></table></div></section>`;
}

/** Every check: those that failed first. */
export function renderChecks({ checks, comparedWith }: DatasetReport): Html {
  if (checks.length === 0) return raw('');
  const sorted = [...checks].sort((a, b) => order[a.status] - order[b.status]);
  const passed = checks.filter(({ status }) => status === 'passed').length;
  const more = sorted.length - mostShown;
  const rest =
    more > 0 ? html`<p class="quiet">${more} more are in report.json next to this page.</p>` : raw('');
  const compared =
    comparedWith === null
      ? 'Nothing to compare with: no model is in production yet.'
      : `Compared with ${comparedWith}, which the model in production was trained on.`;
  const shown = sorted.slice(0, mostShown);
  const [others, sound] = [
    shown.filter(({ status }) => status !== 'passed'),
    shown.filter(({ status }) => status === 'passed'),
  ];
  const passing =
    sound.length === 0
      ? raw('')
      : html`<details><summary>${passed === 1 ? 'The one that passed' : `The ${passed} that passed`}</summary>${renderTable(sound)}</details>`;
  return html`<section><h2>Checks (${passed} of ${checks.length} passed)</h2>
${others.length === 0 ? raw('') : renderTable(others)}${passing}${rest}<p class="quiet">${compared}</p></section>`;
}

function renderTable(checks: readonly CheckResult[]): Html {
  return html`<div class="scroll"><table>
<thead><tr><th>Check</th><th>Column</th><th>Result</th><th>What was found</th></tr></thead>
<tbody>${checks.map(renderCheck)}</tbody></table></div>`;
}

function renderCheck({ check, family, column, status, action, message }: CheckResult): Html {
  const word = statusWords[status];
  const result =
    status === 'failed'
      ? html`<span class="warn">${word}</span><small>${actions[action]}</small>`
      : html`<span class="quiet">${word}</span>`;
  return html`<tr><td>${check.replaceAll('-', ' ')}<small>${family}</small></td><td class="column">${column ?? ''}</td><td>${result}</td><td>${message}</td></tr>`;
}

/** As many digits as tell a score from 100 %. */
function percent(score: number): string {
  if (score === 1 || score === 0) return `${score * 100}%`;
  const digits = Math.min(6, Math.max(2, Math.ceil(-Math.log10(1 - score))));
  return `${(Math.floor(score * 10 ** (digits + 1)) / 10 ** (digits - 1)).toFixed(Math.max(0, digits - 1))}%`;
}
