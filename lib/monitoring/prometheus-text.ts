import { type CloudMetricName, metricTable, prometheusName } from '../shared/metric-names.ts';
import type { DriftReport } from './drift-report.ts';
import { measurementsOf } from './monitor-metrics.ts';

const escaped = (text: string) =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/**
 * The figures of a measurement as Prometheus reads them, by the mirrored names. What is counted over measurements is left
 * out: one measurement does not know how many there were.
 *
 * Source: Prometheus, "Exposition formats", text-based format.
 */
export function prometheusText(report: DriftReport): string {
  const samples = new Map<CloudMetricName, string[]>();
  for (const { dimensions, metrics } of measurementsOf(report)) {
    const labels = Object.entries(dimensions).map(([name, value]) => `${name}="${escaped(value)}"`);
    for (const [name, measured] of Object.entries(metrics) as [CloudMetricName, { value: number }][]) {
      if (metricTable[name].kind !== 'gauge') continue;
      const sample = `${prometheusName(name)}{${labels.join(',')}} ${measured.value}`;
      samples.set(name, [...(samples.get(name) ?? []), sample]);
    }
  }
  return [...samples]
    .flatMap(([name, told]) => [
      `# HELP ${prometheusName(name)} ${metricTable[name].says}`,
      `# TYPE ${prometheusName(name)} gauge`,
      ...told,
    ])
    .map((line) => `${line}\n`)
    .join('');
}
