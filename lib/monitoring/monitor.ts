import type { DatasetProfile } from '../data/dataset.ts';
import { profileRows } from '../data/profile.ts';
import type { PredictionRecord } from '../inference/prediction-record.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { Live, LiveVersion } from '../registry/registry.ts';
import type { CaptureStore } from './captures.store.ts';
import { completeAll } from './complete-receipts.ts';
import { type FeatureDrift, judgeDrift } from './drift.ts';
import type { DriftReport } from './drift-report.ts';
import { joinLabels } from './labelled-rows.ts';
import type { PredictionStore } from './predictions.store.ts';
import { judgeQuality, qualityLimitsOf } from './quality.ts';

export interface MonitorParts {
  readLive(model: string): Promise<Live>;
  /** The definition the champion was made with. */
  readDefinition(champion: LiveVersion): Promise<ModelDefinition>;
  readProfile(champion: LiveVersion, model: string): Promise<DatasetProfile>;
  captures: Pick<CaptureStore, 'readWindow' | 'complete'>;
  predictions: Pick<PredictionStore, 'labelsSince' | 'findReceipts'>;
  now(): Date;
}

/** The newest of each; what a measurement takes in time and memory is bounded by them. */
const maxRows = 50_000;
const maxLabels = 10_000;
const hourMs = 3_600_000;

/** Compares live traffic of a model with what its champion was trained on, and its answers with the labels that came. */
export class Monitor {
  readonly #parts: MonitorParts;

  constructor(parts: MonitorParts) {
    this.#parts = parts;
  }

  async measure(model: string): Promise<DriftReport> {
    const now = this.#parts.now();
    const { champion } = await this.#parts.readLive(model);
    if (!champion) return nothingToMeasure(model, now);

    const [definition, profile] = await Promise.all([
      this.#parts.readDefinition(champion),
      this.#parts.readProfile(champion, model),
    ]);
    const windowStart = new Date(now.getTime() - definition.monitor.windowHours * hourMs);
    // A version is not judged by traffic from before its time.
    const from = new Date(Math.max(windowStart.getTime(), Date.parse(champion.since)));
    const period = { from, to: now };
    const [window, quality] = await Promise.all([
      this.#parts.captures.readWindow(model, period, maxRows),
      this.#quality(model, champion, definition, windowStart),
    ]);
    const limits = definition.monitor.drift;
    const { watched, unwatched } = splitByCapture(definition, profile.features);
    const drift = judgeDrift({
      frozen: watched,
      live: profileRows(rowsOf(window.records), definition, profile),
      sample: window.rows,
      limits,
    });
    return {
      schema: 'evergreen/drift/v1',
      model,
      measuredAt: now.toISOString(),
      champion: { version: champion.version, datasetId: champion.datasetId, since: champion.since },
      window: { from: from.toISOString(), to: now.toISOString() },
      verdict: drift.verdict,
      reason: drift.reason,
      sample: window.rows,
      isCutOff: window.isCutOff,
      limits,
      features: [...drift.features, ...unwatched.map(notWatched)],
      quality,
    };
  }

  /** Labels that came within the window, whenever the prediction was made: they tend to come late. */
  async #quality(
    model: string,
    champion: LiveVersion,
    definition: ModelDefinition,
    since: Date,
  ): Promise<NonNullable<DriftReport['quality']>> {
    const { predictions, now } = this.#parts;
    const labels = await predictions.labelsSince(model, since.toISOString(), maxLabels, now());
    const found = await predictions.findReceipts(
      labels.map(({ predictionId }) => predictionId),
      now(),
    );
    const receipts = await completeAll(this.#parts.captures, [...found.values()]);
    const limits = qualityLimitsOf(definition);
    const versions = judgeQuality(joinLabels(labels, receipts, model), limits);
    const ofChampion = versions.find(({ version }) => version === champion.version);
    const none = `no labels for version ${champion.version}; ${limits.leastSample} are needed`;
    return {
      ...limits,
      verdict: ofChampion?.verdict ?? 'not enough data',
      reason: ofChampion?.reason ?? none,
      versions,
    };
  }
}

/** Features that are captured; those that hold personal data are not, and so cannot be watched. */
function splitByCapture({ features }: ModelDefinition, frozen: DatasetProfile['features']) {
  const isWatched = (name: string) => features[name]?.personalData === 'none';
  const watched = Object.entries(frozen).filter(([name]) => isWatched(name));
  const unwatched = Object.keys(frozen).filter((name) => !isWatched(name));
  return { watched: Object.fromEntries(watched), unwatched };
}

function notWatched(name: string): FeatureDrift {
  const reason = 'personal data is not captured, so there is nothing to compare';
  return { name, verdict: 'not enough data', reason, psi: null, chance: null, bins: [] };
}

const rowsOf = (records: PredictionRecord[]) => records.flatMap((record) => record.rows);

function nothingToMeasure(model: string, now: Date): DriftReport {
  const at = now.toISOString();
  return {
    schema: 'evergreen/drift/v1',
    model,
    measuredAt: at,
    champion: null,
    window: { from: at, to: at },
    verdict: 'not enough data',
    reason: `${model} has no champion yet, so there is nothing to compare live traffic with`,
    sample: 0,
    isCutOff: false,
    limits: null,
    features: [],
    quality: null,
  };
}
