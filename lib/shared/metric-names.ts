interface MetricEntry {
  kind: 'counter' | 'gauge' | 'histogram';
  /** Where it is told: as a CloudWatch metric of the deployment, on /metrics of the standalone server, or both. */
  told: 'cloudwatch' | 'prometheus' | 'both';
  says: string;
}

/**
 * Every metric of the product by its name in CloudWatch, the one place where names are made: code that writes, reads or
 * alarms on a metric takes its name from here, and docs/metrics.md lists them. The name for Prometheus follows from it.
 */
export const metricTable = {
  Requests: { kind: 'counter', told: 'both', says: 'Requests answered by a version' },
  Errors: { kind: 'counter', told: 'both', says: 'Answers that a version owed' },
  Rows: { kind: 'counter', told: 'both', says: 'Rows answered' },
  LatencyMs: { kind: 'histogram', told: 'both', says: 'From the read body to the answer of a version' },
  Rejected: { kind: 'counter', told: 'both', says: 'Requests that did not fit the model' },
  LoadFailures: { kind: 'counter', told: 'both', says: 'Versions refused when loaded' },
  Captured: { kind: 'counter', told: 'cloudwatch', says: 'Predictions kept with their receipt' },
  CaptureDropped: { kind: 'counter', told: 'both', says: 'Predictions answered but not captured' },

  MonitorHeartbeat: { kind: 'counter', told: 'cloudwatch', says: 'Measurements of a model' },
  DataAgeDays: { kind: 'gauge', told: 'cloudwatch', says: 'Age of the data the champion learned from' },
  DriftSample: { kind: 'gauge', told: 'cloudwatch', says: 'Live rows that drift was judged by' },
  DriftedFeatures: { kind: 'gauge', told: 'cloudwatch', says: 'Features that drifted' },
  MaxPsi: { kind: 'gauge', told: 'cloudwatch', says: 'Greatest population stability index of a feature' },
  DriftedOutputs: { kind: 'gauge', told: 'cloudwatch', says: 'What drifted of the answers' },
  DriftedConcepts: {
    kind: 'gauge',
    told: 'cloudwatch',
    says: 'What drifted of the truth behind the answers',
  },
  OddAnswers: { kind: 'gauge', told: 'cloudwatch', says: '1 when nearly all answers are the same' },
  AttributionAgreement: {
    kind: 'gauge',
    told: 'cloudwatch',
    says: 'How far features decide answers as they did in training, at most 1',
  },
  LiveQuality: { kind: 'gauge', told: 'cloudwatch', says: 'Accuracy, or RMSE, by the labels that came' },
  LiveQualitySample: {
    kind: 'gauge',
    told: 'cloudwatch',
    says: 'Labelled answers that quality was judged by',
  },
  EstimatedQuality: { kind: 'gauge', told: 'cloudwatch', says: 'Accuracy estimated without labels' },
  EstimatedRocAuc: {
    kind: 'gauge',
    told: 'cloudwatch',
    says: 'ROC-AUC of two classes, estimated without labels',
  },
  EstimatedQualityLow: {
    kind: 'gauge',
    told: 'cloudwatch',
    says: '1 when the whole estimate is below its limit',
  },
  ThumbsDown: { kind: 'gauge', told: 'cloudwatch', says: 'Answers that people were discontent with' },

  CostPerDay: { kind: 'gauge', told: 'cloudwatch', says: 'What a model cost in the last 24 hours, in USD' },

  AlarmsJudged: { kind: 'counter', told: 'cloudwatch', says: 'Alarms that led to an action' },
  AlarmsForPeople: { kind: 'counter', told: 'cloudwatch', says: 'Alarms that call for a person' },

  StaleReadings: { kind: 'counter', told: 'prometheus', says: 'Readings of what is live that failed' },
  HttpReplies: { kind: 'counter', told: 'prometheus', says: 'Replies by status' },
  InFlight: { kind: 'gauge', told: 'prometheus', says: 'Requests that wait for their reply' },
  BatchRequests: { kind: 'histogram', told: 'prometheus', says: 'Requests answered in one run of a model' },
  Loads: { kind: 'counter', told: 'prometheus', says: 'Versions loaded into memory' },
  Evictions: { kind: 'counter', told: 'prometheus', says: 'Versions let go to make room for others' },
  LoadedVersions: { kind: 'gauge', told: 'prometheus', says: 'Versions in memory, each worker for itself' },
  LoadedBytes: { kind: 'gauge', told: 'prometheus', says: 'What the versions in memory take, as estimated' },
  MemoryBudgetBytes: { kind: 'gauge', told: 'prometheus', says: 'What the versions in memory may take' },
} as const satisfies Record<string, MetricEntry>;

type Table = typeof metricTable;
export type MetricName = keyof Table;

/** Those that the standalone server counts. */
export type ServerMetricName = {
  [Name in MetricName]: Table[Name]['told'] extends 'cloudwatch' ? never : Name;
}[MetricName];

/** Those that the deployment writes to CloudWatch. */
export type CloudMetricName = {
  [Name in MetricName]: Table[Name]['told'] extends 'prometheus' ? never : Name;
}[MetricName];

/**
 * The name in Prometheus: words in small letters after `evergreen_`, times in seconds, counters with `_total`.
 *
 * Source: Prometheus, "Metric and label naming".
 */
export function prometheusName(name: MetricName): string {
  const words = name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
  const inBaseUnits = words.replace(/_ms$/, '_seconds');
  return `evergreen_${inBaseUnits}${metricTable[name].kind === 'counter' ? '_total' : ''}`;
}
