import type { ExplanationReport } from './drift-report.ts';

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

/** Since when, where, and in which rows a feature changed, in a sentence each. */
export function explanationSentences({ since, isFromStart, grown, slice }: ExplanationReport): string[] {
  const when = isFromStart
    ? `changed since ${since}, the first hour with traffic in the window, or before`
    : `changed since about ${since}`;
  const bins = grown
    .slice(0, 3)
    .map(({ label, trained, live }) => `${label}: ${percent(trained)} in training, ${percent(live)} live`);
  const rows = slice
    ? [
        `most of all where ${slice.feature} is ${slice.slice}: ${percent(slice.share)} of these rows lie in the bins that grew, ${percent(slice.others)} of the others`,
      ]
    : [];
  return [when, ...(bins.length === 0 ? [] : [bins.join('; ')]), ...rows];
}
