import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ServingEvent } from '../inference/serving-event.ts';

const latencyBuckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

/** What one process counts, in Prometheus' terms; names are those of the CloudWatch metrics, in its spelling. */
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
    const counter = (name: string, help: string, labelNames: string[]) =>
      new Counter({ name: `evergreen_${name}`, help, labelNames, registers });
    this.#requests = counter('requests_total', 'Requests answered by a version', ofVersion);
    this.#errors = counter('errors_total', 'Answers that a version owed', ofVersion);
    this.#rows = counter('rows_total', 'Rows answered', ofVersion);
    this.#rejected = counter('rejected_total', 'Requests that did not fit the model', ['model']);
    this.#loadFailures = counter('load_failures_total', 'Versions refused when loaded', [
      'model',
      'version',
      'code',
    ]);
    this.#staleReadings = counter('stale_readings_total', 'Readings of what is live that failed', ['model']);
    this.#replies = counter('http_replies_total', 'Replies by status', ['status']);
    this.#dropped = counter('captures_dropped_total', 'Predictions answered but not captured', []);
    this.#loads = counter('loads_total', 'Versions loaded into memory', ['model']);
    this.#evictions = counter('evictions_total', 'Versions let go to make room for others', ['model']);
    const gauge = (name: string, help: string) => new Gauge({ name: `evergreen_${name}`, help, registers });
    this.#loadedVersions = gauge('loaded_versions', 'Versions in memory, each worker for itself');
    this.#loadedBytes = gauge('loaded_bytes', 'What the versions in memory take, as estimated');
    gauge('memory_budget_bytes', 'What the versions in memory may take').set(memoryBudgetBytes);
    this.#latency = new Histogram({
      name: 'evergreen_latency_seconds',
      help: 'From the read body to the answer of a version',
      labelNames: ofVersion,
      buckets: latencyBuckets,
      registers,
    });
    this.#batchRequests = new Histogram({
      name: 'evergreen_batch_requests',
      help: 'Requests answered in one run of a model',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers,
    });
    new Gauge({
      name: 'evergreen_in_flight',
      help: 'Requests that wait for their reply',
      registers,
      collect() {
        this.set(inFlight());
      },
    });
    collectDefaultMetrics({ register: this.registry, prefix: 'evergreen_' });
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
