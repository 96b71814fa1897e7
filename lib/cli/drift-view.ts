import type { DriftReport, WatchedReport } from '../monitoring/drift-report.ts';
import { explanationSentences } from '../monitoring/explanation-text.ts';
import { type Block, type CellValue, fields, lines, table } from './outcome.ts';

const rounded = (value: number | null, digits = 3): CellValue =>
  value === null ? null : Number(value.toFixed(digits));
const between = (interval: [number, number] | null): CellValue =>
  interval ? `${rounded(interval[0])} to ${rounded(interval[1])}` : null;

const order = { drifted: 0, stable: 1, 'not enough data': 2 } as const;

export function watchedTable(title: string, watched: readonly WatchedReport[]): Block[] {
  if (watched.length === 0) return [];
  const sorted = watched.toSorted(
    (a, b) => order[a.verdict] - order[b.verdict] || (b.psi ?? 0) - (a.psi ?? 0),
  );
  return [
    table(
      [title, 'verdict', 'psi', 'why'],
      sorted.map(({ name, verdict, psi, reason }) => [name, verdict, rounded(psi), reason]),
    ),
  ];
}

function qualityBlocks({ quality, estimate }: DriftReport): Block[] {
  const versions = quality?.versions ?? [];
  const slices = quality?.slices ?? [];
  return [
    ...(versions.length === 0
      ? []
      : [
          table(
            ['version', 'labels', 'quality', 'f1', 'why'],
            versions.map(({ version, sample, verdict, f1, reason }) => [
              version,
              sample,
              verdict,
              rounded(f1?.value ?? null),
              reason,
            ]),
          ),
        ]),
    ...(slices.length === 0
      ? []
      : [
          table(
            ['slice', 'labels', quality?.metric ?? '', '95 % between', 'when evaluated'],
            slices.map(({ feature, slice, sample, value, interval, evaluated }) => [
              `${feature}: ${slice}`,
              sample,
              rounded(value),
              between(interval),
              rounded(evaluated),
            ]),
          ),
        ]),
    ...(estimate ? [lines(`estimated quality: ${estimate.verdict}: ${estimate.reason}`)] : []),
    ...(estimate?.auc
      ? [
          lines(
            `estimated ROC-AUC: ${rounded(estimate.auc.value)} (95 % between ${between(estimate.auc.interval)})`,
          ),
        ]
      : []),
  ];
}

/** What a day cost, in USD, and of what. */
function costText({
  total,
  predictions,
  captures,
  training,
  unpriced,
  limit,
}: NonNullable<DriftReport['cost']>) {
  const [all, ...parts] = [total, predictions, captures, training].map((usd) => usd.toFixed(2));
  const lacking = unpriced.length === 0 ? '' : `; ${unpriced.join(', ')} has no price (train.pricePerHour)`;
  return `${all} of ${limit} USD: predictions ${parts[0]}, captures ${parts[1]}, training ${parts[2]}${lacking}`;
}

/** A measurement for a person: the verdicts, then what changed, then each part. */
export function driftView(report: DriftReport): Block[] {
  const { champion, window, outputs, concept, quality, estimate, anomalies, explanations } = report;
  return [
    fields(
      ['model', report.model],
      ['measured', report.measuredAt],
      ['champion', champion && `version ${champion.version}, dataset ${champion.datasetId}`],
      [
        'window',
        `${window.from} to ${window.to}, ${report.sample} rows${report.isCutOff ? ' (a part of all)' : ''}`,
      ],
      ['inputs', `${report.verdict}: ${report.reason}`],
      ['answers', outputs && `${outputs.verdict}: ${outputs.reason}`],
      ['truth', concept && `${concept.verdict}: ${concept.reason}`],
      ['quality', quality && `${quality.verdict}: ${quality.reason}`],
      ['estimate', estimate?.verdict ?? null],
      [
        'attributions',
        report.attributions && `${report.attributions.verdict}: ${report.attributions.reason}`,
      ],
      ['cost of a day', report.cost && costText(report.cost)],
      ['thumbs', report.thumbs && `${report.thumbs.up} up, ${report.thumbs.down} down`],
    ),
    ...(anomalies.length === 0 ? [] : [lines(...anomalies.map(({ reason }) => `odd: ${reason}`))]),
    ...explanations.map((each) =>
      lines(each.feature, ...explanationSentences(each).map((text) => `  ${text}`)),
    ),
    ...watchedTable('feature', report.features),
    ...watchedTable('of the answers', outputs?.watched ?? []),
    ...watchedTable('of the truth', concept?.watched ?? []),
    ...qualityBlocks(report),
  ];
}
