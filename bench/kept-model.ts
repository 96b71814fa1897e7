import { haveFlipsGrown } from '../lib/data/checks/label-flips.ts';
import { compareVersions } from '../lib/evaluation/comparison.ts';
import { judgeGate } from '../lib/evaluation/gate.ts';
import type { AnswerReference } from '../lib/monitoring/answer-reference.ts';
import { judgeConcept } from '../lib/monitoring/concept-drift.ts';
import { judgeQuality, qualityLimitsOf } from '../lib/monitoring/quality.ts';
import { type Live, neverLive } from '../lib/registry/registry.ts';
import type { Symptom } from '../lib/remediation/alarm-change.ts';
import { oneMoreRetrain, type Retrains } from '../lib/remediation/budget.ts';
import { decide } from '../lib/remediation/decide.ts';
import { judgeCanary } from '../lib/rollout/judge.ts';
import { aVersion } from './simulated-rollout.ts';
import {
  accuracyOf,
  classes,
  type Dataset,
  datasetOf,
  definition,
  flipsOf,
  type Labelled,
  sampleOf,
  type Version,
  versionOf,
} from './simulated-versions.ts';
import { answerOf, drawRow, type WorldRow } from './simulated-world.ts';

const requestsPerDay = 1000;
export const labelDelayDays = 2;
const timeOf = (day: number) => new Date(Date.UTC(2026, 0, 1) + day * 86_400_000);

/** The product: its poisoning check, gate, canary and alarms decide; day by day where it looks each hour. */
export class KeptModel {
  champion: Version;
  previous: Version | null = null;
  trainings = 1;
  #retrains: Retrains | undefined;
  #ringing = new Set<Symptom>();
  #unhealthy = new Map<number, Set<Symptom>>();
  #isRestored = false;
  readonly made: Version[];
  readonly #random: () => number;

  constructor(first: Version, random: () => number) {
    this.champion = first;
    this.made = [first];
    this.#random = random;
  }

  run(dataset: Dataset, day: number): void {
    const flips = flipsOf(dataset.train);
    const { champion } = this;
    if (haveFlipsGrown(flips, champion.flips, definition.data.checks.labelFlips.increase)) return;
    this.trainings += 1;
    const candidate = versionOf(this.made.length + 1, dataset, flips, day);
    const samples = [candidate, champion].map(({ line }) => sampleOf(line, dataset.test));
    const [own, its] = samples;
    const rule = definition.gate.champion;
    if (!own || !its || !rule) throw new Error('nothing to compare');
    const comparison = compareVersions(own, its, rule, { seed: day, resamples: 200 });
    const found = { metrics: { accuracy: accuracyOf(own) }, slices: [], groups: [] };
    const robustness = { metric: 'accuracy', rows: 0, undisturbed: null, disturbances: [] };
    const opponent = { kind: 'compared', version: champion.number, comparison } as const;
    if (judgeGate(definition, { ...found, robustness }, opponent).verdict === 'fail') return;
    this.made.push(candidate);
    if (!this.#survives(candidate, day)) return;
    this.#crown(candidate, champion, day, false);
  }

  #crown(champion: Version, previous: Version | null, day: number, isRestored: boolean): void {
    this.champion = { ...champion, since: day };
    this.previous = previous;
    this.#isRestored = isRestored;
    // Alarms are of a version: the new one has rung none.
    this.#ringing.clear();
  }

  /** Its canary has a day's requests and is over within the day; labels of them come after it has ended. */
  #survives(candidate: Version, day: number): boolean {
    const sides = [this.champion, candidate].map((version, side) => ({
      asked: requestsPerDay * (side === 1 ? 0.2 : 0.8),
      errors: 0,
      labelled: [],
      answered: Array.from({ length: requestsPerDay * (side === 1 ? 0.2 : 0.8) }, (_, number) => ({
        version: version.number,
        group: `${side}-${number}`,
        latencyMs: 40 * Math.exp(0.5 * this.#random()),
        outputs: [answerOf(version.line, drawRow(day, this.#random))],
      })),
    }));
    const [its, own] = sides;
    if (!its || !own) throw new Error('a canary has two sides');
    const live: Live = {
      ...neverLive('simulated', timeOf(day).toISOString()),
      champion: aVersion(this.champion.number),
      candidate: { ...aVersion(candidate.number), weight: 20, runId: 'run' },
    };
    const figures = {
      requests: own.asked,
      errors: 0,
      p99LatencyMs: undefined,
      championRequests: its.asked,
      championAsked: its.asked,
      championErrors: 0,
      alarms: [],
    };
    const time = { elapsedSeconds: 86_400, lastLookSeconds: 0, bakeSeconds: 86_400, step: 0, steps: 1 };
    const evidence = { figures, candidate: own, champion: its };
    return judgeCanary(live, candidate.number, evidence, time, definition.rollout).verdict === 'promote';
  }

  /** Judges what labels of a day said, and does what the decision table has for the alarms that begin to ring. */
  watch(day: number, labels: readonly Labelled[]): void {
    // Labels of what a new champion answered come as late as all labels do.
    if (day - this.champion.since < labelDelayDays) return;
    const labelled = labels.filter((label) => label.day === day);
    const answers = labelled.map((row) => ({
      version: this.champion.number,
      predicted: answerOf(this.champion.line, row),
      actual: row.label,
    }));
    const [quality] = judgeQuality(answers, qualityLimitsOf(definition));
    const { confusion } = this.champion;
    const reference: AnswerReference = {
      kind: 'classification',
      classes,
      confusion,
      calibration: null,
      slices: [],
    };
    const concept = judgeConcept(reference, answers, definition.monitor.drift);
    const state: [Symptom, boolean][] = [
      ['quality', quality?.verdict === 'low'],
      ['drift-concept', concept.verdict === 'drifted'],
    ];
    for (const [symptom, rings] of state) {
      if (!rings) this.#ringing.delete(symptom);
      else if (!this.#ringing.has(symptom)) {
        this.#ringing.add(symptom);
        this.#judge(
          symptom,
          day,
          labels.filter((label) => label.day > this.champion.trainedOn),
        );
      }
    }
  }

  #judge(symptom: Symptom, day: number, sinceDataset: WorldRow[]): void {
    const { champion, previous } = this;
    const now = timeOf(day + 0.5);
    const liveOf = (version: Version) => ({
      ...aVersion(version.number),
      since: timeOf(version.since).toISOString(),
    });
    const ringBefore = previous ? this.#unhealthy.get(previous.number) : undefined;
    const decision = decide({
      symptom,
      state: 'ALARM',
      changedAt: now.toISOString(),
      now,
      live: {
        model: 'simulated',
        champion: liveOf(champion),
        candidate: null,
        previous: previous && liveOf(previous),
      },
      isRestored: this.#isRestored,
      isPreviousUnhealthy: ringBefore?.has(symptom) ?? false,
      newLabels: sinceDataset.length,
      policy: definition.retrain,
      retrains: this.#retrains,
      runInFlight: undefined,
    });
    this.#unhealthy.set(champion.number, (this.#unhealthy.get(champion.number) ?? new Set()).add(symptom));
    if (decision.action === 'roll-back' && previous) this.#crown(previous, null, day, true);
    if (decision.action !== 'retrain') return;
    this.#retrains = oneMoreRetrain(this.#retrains, champion.number, now, `day-${day}`);
    const { train: known, test } = champion.known;
    const added = datasetOf(sinceDataset, false);
    const isPoisoned = champion.isPoisoned;
    this.run({ train: [...known, ...added.train], test: [...test, ...added.test], isPoisoned }, day);
  }
}
