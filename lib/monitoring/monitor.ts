import type { DatasetProfile, Row } from '../data/dataset.ts';
import type { EvaluationDocument } from '../evaluation/evaluation.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { Live, LiveVersion } from '../registry/registry.ts';
import { findAnomalies } from './answer-anomalies.ts';
import { type AnswerReference, answerReference } from './answer-reference.ts';
import { type AttributionDrift, judgeAttributions, leastExplained } from './attribution-drift.ts';
import type { CaptureStore } from './captures.store.ts';
import type { ChampionAttributions } from './champion-attributions.store.ts';
import { completeAll } from './complete-receipts.ts';
import { judgeConcept, noReference } from './concept-drift.ts';
import { type DriftLimits, judgeShifts, summarise, type WatchedDrift } from './drift.ts';
import { explainDrift } from './drift-explanation.ts';
import type { DriftReport } from './drift-report.ts';
import { estimateQuality } from './estimated-quality.ts';
import { mostExplained, spreadRows } from './explain-sample.ts';
import { compareProfiles } from './feature-comparison.ts';
import { hourMs } from './hour-profile.ts';
import type { Thumb } from './label.ts';
import { joinLabels, type LabelledRow } from './labelled-rows.ts';
import type { DayCost } from './model-cost.ts';
import { watchAnswers } from './output-drift.ts';
import type { PredictionStore } from './predictions.store.ts';
import { judgeQuality, type QualityLimits, qualityLimitsOf } from './quality.ts';
import { judgeSlices } from './sliced-quality.ts';
import type { ThumbStore } from './thumbs.store.ts';
import { readTraffic, type TrafficParts, type TrafficWindow } from './traffic-window.ts';
import { notWatched, splitByCapture } from './watched-features.ts';

export interface MonitorParts extends TrafficParts {
  readLive(model: string): Promise<Live>;
  /** The definition the champion was made with. */
  readDefinition(champion: LiveVersion): Promise<ModelDefinition>;
  readProfile(champion: LiveVersion, model: string): Promise<DatasetProfile>;
  /** When the dataset the champion learned from was made. */
  readDatasetTime(champion: LiveVersion, model: string): Promise<string>;
  /** How the champion answered its held-out rows; null of versions of earlier releases. */
  readEvaluation(champion: LiveVersion): Promise<EvaluationDocument | null>;
  /** What decides the champion's answers to some rows. */
  explain(champion: LiveVersion, rows: readonly Row[]): Promise<ChampionAttributions>;
  /** What the model cost in the 24 hours before a time. */
  readCost(model: string, now: Date): Promise<DayCost>;
  captures: Pick<CaptureStore, 'listHours' | 'readHour' | 'complete'>;
  predictions: Pick<PredictionStore, 'labelsSince' | 'findReceipts'>;
  thumbs: Pick<ThumbStore, 'since'>;
  now(): Date;
}

/** The newest; what a measurement takes in time and memory is bounded by it. */
const maxLabels = 10_000;
const rowsLookedAt = 1000;

/** All that a measurement rests on. */
interface Observed {
  champion: LiveVersion;
  definition: ModelDefinition;
  profile: DatasetProfile;
  datasetAt: string;
  reference: AnswerReference | null;
  window: TrafficWindow;
  labelled: LabelledRow[];
  /** Of the champion's answers. */
  thumbs: Thumb[];
  attributions: AttributionDrift;
  cost: DayCost;
}

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

    const [definition, profile, evaluation, datasetAt] = await Promise.all([
      this.#parts.readDefinition(champion),
      this.#parts.readProfile(champion, model),
      this.#parts.readEvaluation(champion),
      this.#parts.readDatasetTime(champion, model),
    ]);
    const reference = evaluation && answerReference(evaluation);
    const valueEdges = reference?.kind === 'regression' ? reference.values.edges : [];
    const { windowHours } = definition.monitor;
    // A version is not judged by traffic from before its time.
    const period = { windowHours, since: new Date(champion.since), now };
    const windowStart = new Date(now.getTime() - windowHours * hourMs);
    const [window, labelled, thumbs, cost] = await Promise.all([
      readTraffic(this.#parts, { version: champion.version, definition, profile, valueEdges }, period),
      this.#labelled(model, windowStart),
      this.#thumbs(model, champion, windowStart),
      this.#parts.readCost(model, now),
    ]);
    const attributions = await this.#attributions(model, champion, definition, window);
    return judge(model, {
      champion,
      definition,
      profile,
      datasetAt,
      reference,
      window,
      labelled,
      thumbs,
      attributions,
      cost,
    });
  }

  /** Labels that came within the window, whenever the prediction was made: they tend to come late. */
  async #labelled(model: string, since: Date): Promise<LabelledRow[]> {
    const { predictions, captures, now } = this.#parts;
    const labels = await predictions.labelsSince(model, since.toISOString(), maxLabels, now());
    const found = await predictions.findReceipts(
      labels.map(({ predictionId }) => predictionId),
      now(),
    );
    return joinLabels(labels, await completeAll(captures, [...found.values()]), model);
  }

  /** A look at some rows of the newest hour. */
  async #attributions(
    model: string,
    champion: LiveVersion,
    { features }: ModelDefinition,
    { newest }: TrafficWindow,
  ): Promise<AttributionDrift> {
    const hidden = Object.entries(features).filter(([, { personalData }]) => personalData !== 'none');
    if (hidden.length > 0) {
      const names = hidden.map(([name]) => name).join(', ');
      return judgeAttributions(
        {},
        { reason: `rows without ${names}, which are not captured, cannot be explained` },
      );
    }
    if (!newest) return judgeAttributions({}, { reason: 'no rows came' });
    const { hour, names } = newest;
    const { records } = await this.#parts.captures.readHour(model, hour, names, rowsLookedAt);
    const rows = records.filter(({ at }) => at >= champion.since).flatMap((record) => record.rows);
    if (rows.length < leastExplained) return judgeAttributions({}, { means: {}, sample: rows.length });
    const found = await this.#parts.explain(champion, spreadRows(rows, mostExplained));
    return judgeAttributions('reason' in found ? {} : found.trained, found);
  }

  async #thumbs(model: string, champion: LiveVersion, since: Date): Promise<Thumb[]> {
    const { predictions, now } = this.#parts;
    const thumbs = await this.#parts.thumbs.since(model, since.toISOString(), maxLabels, now());
    const receipts = await predictions.findReceipts(
      thumbs.map(({ predictionId }) => predictionId),
      now(),
    );
    return thumbs.filter(({ predictionId }) => receipts.get(predictionId)?.version === champion.version);
  }
}

/** Contentment is counted, not judged: who is discontent speaks up more often than who is not. */
function countThumbs(thumbs: readonly Thumb[]): NonNullable<DriftReport['thumbs']> {
  const down = thumbs.filter(({ thumb }) => thumb === 'down').length;
  const { length } = thumbs;
  return { up: length - down, down, downShare: length === 0 ? null : down / length };
}

function judge(model: string, observed: Observed): DriftReport {
  const { champion, definition, profile, reference, window, labelled } = observed;
  const limits = definition.monitor.drift;
  const { traffic } = window;
  const { watched, unwatched } = splitByCapture(definition, profile.features);
  const features = Object.entries(watched).map(([name, frozen]) => ({
    name,
    comparison: compareProfiles(frozen, traffic.features[name]),
    sample: traffic.rows,
  }));
  const answers = reference ? watchAnswers(reference, traffic.answers) : [];
  // One family: the chance of a false alarm is that of the measurement, however many features there are.
  const found = judgeShifts([...features, ...answers], limits);
  const ofFeatures = found.slice(0, features.length);
  const ofAnswers = found.slice(features.length);
  const drifted = ofFeatures.filter(({ verdict }) => verdict === 'drifted').map(({ name }) => name);
  const own = labelled.filter(({ version }) => version === champion.version);
  const quality = qualityLimitsOf(definition);
  const concept = judgeConcept(reference, own, { ...limits, leastSample: quality.leastSample });
  return {
    schema: 'evergreen/drift/v2',
    model,
    measuredAt: window.to.toISOString(),
    champion: {
      version: champion.version,
      datasetId: champion.datasetId,
      since: champion.since,
      dataAgeDays: Math.max(0, (window.to.getTime() - Date.parse(observed.datasetAt)) / (24 * hourMs)),
    },
    window: { from: window.from.toISOString(), to: window.to.toISOString() },
    ...summarise(ofFeatures, traffic.rows, limits),
    sample: traffic.rows,
    isCutOff: window.isCutOff,
    hours: { kept: window.kept, read: window.read },
    limits,
    features: [...ofFeatures, ...unwatched.map(notWatched)],
    explanations: drifted.map((name) => explainDrift(name, profile.features, window.hours, traffic)),
    outputs: outputsOf(ofAnswers, reference, traffic.answers.rows, limits),
    attributions: observed.attributions,
    anomalies: findAnomalies(reference, window.hours, traffic, limits.leastSample),
    concept,
    quality: qualityOf(observed, own, quality),
    thumbs: countThumbs(observed.thumbs),
    cost: { ...observed.cost, limit: definition.monitor.cost.limitPerDay },
    estimate: estimateQuality(
      reference,
      traffic.answers,
      own.map(({ score, predicted, actual }) => ({ score, isRight: predicted === actual })),
      { limit: quality.limit, leastSample: limits.leastSample, leastLabels: quality.leastSample },
      concept.verdict === 'drifted',
    ),
  };
}

function outputsOf(
  watched: WatchedDrift[],
  reference: AnswerReference | null,
  sample: number,
  limits: DriftLimits,
): DriftReport['outputs'] {
  if (!reference) {
    const reason = noReference;
    return { verdict: 'not enough data', reason, sample, watched };
  }
  return { ...summarise(watched, sample, limits), sample, watched };
}

function qualityOf(
  { champion, definition, reference, labelled }: Observed,
  own: LabelledRow[],
  limits: QualityLimits,
): NonNullable<DriftReport['quality']> {
  const versions = judgeQuality(labelled, limits);
  const ofChampion = versions.find(({ version }) => version === champion.version);
  const none = `no labels for version ${champion.version}; ${limits.leastSample} are needed`;
  return {
    ...limits,
    verdict: ofChampion?.verdict ?? 'not enough data',
    reason: ofChampion?.reason ?? none,
    versions,
    slices: judgeSlices(own, definition, limits, reference?.slices ?? []),
  };
}

function nothingToMeasure(model: string, now: Date): DriftReport {
  const at = now.toISOString();
  return {
    schema: 'evergreen/drift/v2',
    model,
    measuredAt: at,
    champion: null,
    window: { from: at, to: at },
    verdict: 'not enough data',
    reason: `${model} has no champion yet, so there is nothing to compare live traffic with`,
    sample: 0,
    isCutOff: false,
    hours: { kept: 0, read: 0 },
    limits: null,
    features: [],
    explanations: [],
    outputs: null,
    attributions: null,
    anomalies: [],
    concept: null,
    quality: null,
    thumbs: null,
    cost: null,
    estimate: null,
  };
}
