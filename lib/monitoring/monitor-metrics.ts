import { type Measurement, type Measurements, metricLine } from '../shared/embedded-metrics.ts';
import type { CloudMetricName } from '../shared/metric-names.ts';
import type { DriftReport } from './drift-report.ts';

const count = (value: number): Measurement => ({ value, unit: 'Count' });
const plain = (value: number): Measurement => ({ value, unit: 'None' });

/* Without enough data there is no figure: an alarm must not take silence for health or for drift. */

function driftFigures({ verdict, features, sample }: DriftReport): Measurements {
  if (verdict === 'not enough data') return { DriftSample: count(sample) };
  const drifted = features.filter((feature) => feature.verdict === 'drifted').length;
  const highest = features.flatMap(({ psi }) => (psi === null ? [] : [psi]));
  return {
    DriftSample: count(sample),
    DriftedFeatures: count(drifted),
    ...(highest.length === 0 ? {} : { MaxPsi: plain(Math.max(...highest)) }),
  };
}

const driftedOf = (found: DriftReport['outputs'] | DriftReport['concept']) =>
  found && found.verdict !== 'not enough data'
    ? count(found.watched.filter(({ verdict }) => verdict === 'drifted').length)
    : undefined;

/** Figures about the champion's answers. */
function answerFigures({
  verdict,
  outputs,
  concept,
  anomalies,
  estimate,
  thumbs,
  attributions,
}: DriftReport): Measurements {
  // When what comes in has changed, that is what is wrong; the answers follow it.
  const isOdd = verdict !== 'drifted' && anomalies.some(({ kind }) => kind === 'one answer');
  const figures: Partial<Record<CloudMetricName, Measurement | undefined>> = {
    DriftedOutputs: driftedOf(outputs),
    DriftedConcepts: driftedOf(concept),
    OddAnswers: outputs ? count(isOdd ? 1 : 0) : undefined,
    ThumbsDown: thumbs && thumbs.up + thumbs.down > 0 ? count(thumbs.down) : undefined,
    AttributionAgreement: attributions?.agreement == null ? undefined : plain(attributions.agreement),
    // What cannot be trusted is shown in the report, and is no figure that an alarm may judge.
    ...(estimate?.accuracy != null && (estimate.verdict === 'ok' || estimate.verdict === 'low')
      ? {
          EstimatedQuality: plain(estimate.accuracy),
          ...(estimate.auc ? { EstimatedRocAuc: plain(estimate.auc.value) } : {}),
          EstimatedQualityLow: count(estimate.verdict === 'low' ? 1 : 0),
        }
      : {}),
  };
  return Object.fromEntries(
    Object.entries(figures).filter((entry): entry is [string, Measurement] => entry[1] !== undefined),
  );
}

function qualityFigures(quality: { value: number | null; sample: number }): Measurements {
  const { value, sample } = quality;
  return { LiveQualitySample: count(sample), ...(value === null ? {} : { LiveQuality: plain(value) }) };
}

interface Measured {
  dimensions: { model: string; version?: string };
  metrics: Measurements;
}

/**
 * The metrics of a measurement. By model: the heartbeat, drift, and quality of the champion; by model and version: drift
 * for the champion, quality for each version with labels.
 */
export function measurementsOf(report: DriftReport): Measured[] {
  const { model, champion, quality } = report;
  const versions = quality?.versions ?? [];
  const ofChampion = versions.find(({ version }) => version === champion?.version) ?? {
    value: null,
    sample: 0,
  };
  const age: Measurements = champion ? { DataAgeDays: plain(champion.dataAgeDays) } : {};
  const ofTraffic = driftFigures(report);
  const ofLabels = qualityFigures(ofChampion);
  const byModel = {
    MonitorHeartbeat: count(1),
    ...age,
    ...ofTraffic,
    ...answerFigures(report),
    ...ofLabels,
    ...(report.cost ? { CostPerDay: plain(report.cost.total) } : {}),
  };
  const figures = new Map(versions.map(({ version, ...found }) => [version, qualityFigures(found)] as const));
  // Every figure of a version is a metric that is paid for: these are the ones to compare versions by.
  if (champion) figures.set(champion.version, { ...ofTraffic, ...ofLabels });
  return [
    { dimensions: { model }, metrics: byModel },
    ...[...figures].map(([version, metrics]) => ({
      dimensions: { model, version: String(version) },
      metrics,
    })),
  ];
}

/** The same as log lines, which CloudWatch reads. */
export function metricsOf(report: DriftReport): string[] {
  const at = new Date(report.measuredAt);
  return measurementsOf(report).map(({ dimensions, metrics }) =>
    metricLine(at, dimensions, [Object.keys(dimensions)], metrics),
  );
}
