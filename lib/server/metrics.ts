import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ServingEvent } from '../inference/serving-event.ts';
import { metricTable, prometheusName, type ServerMetricName } from '../shared/metric-names.ts';
import { collectProcessMetrics } from './process-metrics.ts';

const latencyBuckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

/** What one process counts, in Prometheus' terms. */
export class ServerMetrics {
  readonly registry = new Registry();
  readonly #requests: Counter;
  readonly #errors: Counter;
  readonly #rows: Counter;
  readonly #latency: Histogram;
  readonly #rejected: Counter;
  readonly #loadFailures: Counter;
  readonly #staleReadings: Counter;
  readonly #replies: Counter;
  readonly #batchRequests: Histogram;
  readonly #dropped: Counter;
  readonly #loads: Counter;
  readonly #evictions: Counter;
  readonly #loadedVersions: Gauge;
  readonly #loadedBytes: Gauge;

  /** @param memoryBudgetBytes That of this process; the sum over all is what is shown. */
  constructor(inFlight: () => number, memoryBudgetBytes: number) {
    const registers = [this.registry];
    const ofVersion = ['model', 'version', 'variant'];
    const told = (name: ServerMetricName) => ({
      name: prometheusName(name),
      help: metricTable[name].says,
      registers,
    });
    const counter = (name: ServerMetricName, labelNames: string[]) =>
      new Counter({ ...told(name), labelNames });
    this.#requests = counter('Requests', ofVersion);
    this.#errors = counter('Errors', ofVersion);
    this.#rows = counter('Rows', ofVersion);
    this.#rejected = counter('Rejected', ['model']);
    this.#loadFailures = counter('LoadFailures', ['model', 'version', 'code']);
    this.#staleReadings = counter('StaleReadings', ['model']);
    this.#replies = counter('HttpReplies', ['status']);
    this.#dropped = counter('CaptureDropped', []);
    this.#loads = counter('Loads', ['model']);
    this.#evictions = counter('Evictions', ['model']);
    this.#loadedVersions = new Gauge(told('LoadedVersions'));
    this.#loadedBytes = new Gauge(told('LoadedBytes'));
    new Gauge(told('MemoryBudgetBytes')).set(memoryBudgetBytes);
    this.#latency = new Histogram({ ...told('LatencyMs'), labelNames: ofVersion, buckets: latencyBuckets });
    this.#batchRequests = new Histogram({ ...told('BatchRequests'), buckets: [1, 2, 4, 8, 16, 32, 64, 128] });
    new Gauge({
      ...told('InFlight'),
      collect() {
        this.set(inFlight());
      },
    });
    collectProcessMetrics(this.registry, 'evergreen_');
  }

  observe(event: ServingEvent): void {
    switch (event.kind) {
      case 'prediction': {
        const { model, version, variant } = event.answer;
        const labels = { model, version, variant };
        this.#requests.inc(labels);
        this.#rows.inc(labels, event.batch.count);
        this.#latency.observe(labels, event.latencyMs / 1000);
        return;
      }
      case 'model-error':
        this.#errors.inc({ model: event.model, version: event.version, variant: event.variant });
        return;
      case 'rejected-request':
        this.#rejected.inc({ model: event.model });
        return;
      case 'version-refused':
        this.#loadFailures.inc({ model: event.model, version: event.version, code: event.code });
        return;
      case 'registry-unreadable':
        this.#staleReadings.inc({ model: event.model });
        return;
      case 'version-loaded':
      case 'version-released':
        if (event.kind === 'version-loaded') this.#loads.inc({ model: event.model });
        else if (event.why === 'budget') this.#evictions.inc({ model: event.model });
        this.#loadedVersions.set(event.loadedVersions);
        this.#loadedBytes.set(event.loadedBytes);
    }
  }

  countReply(status: number): void {
    this.#replies.inc({ status });
  }

  countBatch(requests: number): void {
    this.#batchRequests.observe(requests);
  }

  countDrop(): void {
    this.#dropped.inc();
  }
}
