import { type Measurement, metricLine } from '../shared/embedded-metrics.ts';
import type { DriftReport } from './drift-report.ts';

const count = (value: number): Measurement => ({ value, unit: 'Count' });
const plain = (value: number): Measurement => ({ value, unit: 'None' });

function driftFigures({ verdict, features, sample }: DriftReport): Record<string, Measurement> {
  // Without enough data there is no figure: an alarm must not take silence for health or for drift.
  if (verdict === 'not enough data') return { DriftSample: count(sample) };
  const drifted = features.filter((feature) => feature.verdict === 'drifted').length;
  const highest = features.flatMap(({ psi }) => (psi === null ? [] : [psi]));
  return {
    DriftSample: count(sample),
    DriftedFeatures: count(drifted),
    ...(highest.length === 0 ? {} : { MaxPsi: plain(Math.max(...highest)) }),
  };
}

function qualityFigures(quality: { value: number | null; sample: number }): Record<string, Measurement> {
  const { value, sample } = quality;
  return { LiveQualitySample: count(sample), ...(value === null ? {} : { LiveQuality: plain(value) }) };
}

/**
 * The metrics of a measurement as log lines. By model: the heartbeat, drift, and quality of the champion; by model and
 * version: drift for the champion, quality for each version with labels.
 */
export function metricsOf(report: DriftReport): string[] {
  const at = new Date(report.measuredAt);
  const { model, champion, quality } = report;
  const versions = quality?.versions ?? [];
  const ofChampion = versions.find(({ version }) => version === champion?.version) ?? {
    value: null,
    sample: 0,
  };
  const drift = driftFigures(report);
  const byModel = metricLine(at, { model }, [['model']], {
    MonitorHeartbeat: count(1),
    ...drift,
    ...qualityFigures(ofChampion),
  });
  const figures = new Map(versions.map(({ version, ...found }) => [version, qualityFigures(found)] as const));
  if (champion) {
    figures.set(champion.version, { ...drift, ...qualityFigures(ofChampion) });
  }
  const byVersion = [...figures].map(([version, metrics]) =>
    metricLine(at, { model, version: String(version) }, [['model', 'version']], metrics),
  );
  return [byModel, ...byVersion];
}
