import type { CloudMetricName } from './metric-names.ts';

/** The variable that names the metric namespace of a deployment: stages of one account must not hear each other's alarms. */
export const metricNamespaceVariable = 'METRIC_NAMESPACE';

/** The metric namespace of a stage. */
export const metricNamespaceOf = (stage: string) => `Evergreen/${stage}`;

/** The namespace this process writes its metrics to. */
export function metricNamespace(variables: Record<string, string | undefined> = process.env): string {
  return variables[metricNamespaceVariable] ?? 'Evergreen';
}

/** What is measured at one time, by its name. */
export type Measurements = Partial<Record<CloudMetricName, Measurement>>;

export interface Measurement {
  value: number;
  unit: 'Count' | 'None' | 'Milliseconds';
}

/**
 * The members that make a JSON log line a source of metrics, of a resolution that alarms with periods below a minute
 * can watch. The line must hold the dimensions too, as texts.
 *
 * @param at When it was measured.
 * @param dimensionSets Sets of names of members; each metric appears once for each set.
 *
 * Source: Amazon CloudWatch User Guide, "Embedded metric format specification".
 */
export function metricMembers(
  at: Date,
  dimensionSets: string[][],
  metrics: Measurements,
): Record<string, unknown> {
  const entries = Object.entries(metrics);
  return {
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: metricNamespace(),
          Dimensions: dimensionSets,
          Metrics: entries.map(([Name, { unit }]) => ({ Name, Unit: unit, StorageResolution: 1 })),
        },
      ],
    },
    ...Object.fromEntries(entries.map(([name, { value }]) => [name, value])),
  };
}

/** One log line of metrics alone. */
export function metricLine(
  at: Date,
  dimensions: Record<string, string>,
  dimensionSets: string[][],
  metrics: Measurements,
): string {
  return JSON.stringify({ ...metricMembers(at, dimensionSets, metrics), ...dimensions });
}
