import type { RetrainRequest } from '../intake/arrival.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { By, RegistryStore } from '../registry/registry.store.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { AlarmChange } from './alarm-change.ts';
import { oneMoreRetrain } from './budget.ts';
import { type Decision, decide } from './decide.ts';
import type { Judgement } from './judgement.ts';
import type { JudgementStore } from './judgements.store.ts';
import { lookAround } from './look-around.ts';

export interface RemediatorParts {
  registry: Pick<RegistryStore, 'readLive' | 'readLog' | 'change' | 'appendLog'>;
  judgements: Pick<
    JudgementStore,
    | 'find'
    | 'newestChange'
    | 'readRetrains'
    | 'keep'
    | 'finish'
    | 'keepWaiting'
    | 'listWaiting'
    | 'stopWaiting'
  >;
  /** How many labelled rows came since a time, counted up to `most`. */
  countLabels(model: string, since: string, most: number): Promise<number>;
  /** The run that a request will be. */
  runIdOf(request: RetrainRequest): string;
  /** A run of the model that has not ended or is on its way, if any. */
  findRunInFlight(model: string): Promise<string | undefined>;
  /** What the definition says of retraining; undefined when no such model is deployed. */
  policyOf(model: string): ModelDefinition['retrain'] | undefined;
  requestRetrain(request: RetrainRequest): Promise<void>;
  now(): Date;
}

/** What became of one message. */
export interface Judged {
  alarm: string;
  model: string | null;
  action: Decision['action'];
  reason: string;
  /** A person is called. */
  page: boolean;
  /** The same change was judged and done before; nothing was done now. */
  isRepeat: boolean;
  outcome: string;
}

const attempts = 6;

type Subject = NonNullable<AlarmChange['subject']>;

/** Judges changes of alarms: each once, however often and in whatever order they are delivered. */
export class Remediator {
  readonly #parts: RemediatorParts;

  constructor(parts: RemediatorParts) {
    this.#parts = parts;
  }

  async judge(change: AlarmChange): Promise<Judged> {
    const { alarm, subject } = change;
    const policy = subject ? this.#parts.policyOf(subject.model) : undefined;
    if (!subject || !policy) {
      const reason = subject ? `no model is named ${subject.model}` : 'the alarm is not of a model';
      const page = change.state === 'ALARM';
      return { alarm, model: null, action: 'leave', reason, page, isRepeat: false, outcome: 'left alone' };
    }
    return this.#judgeOnce(change, subject, policy);
  }

  /**
   * Judges the alarms that waited for a run to end: those that ring still, until one asks for the next run, for which
   * the others go on waiting.
   */
  async judgeWaiting(model: string, endedRunId: string): Promise<Judged[]> {
    const { judgements, policyOf } = this.#parts;
    const policy = policyOf(model);
    const judged: Judged[] = [];
    if (!policy) return judged;
    for (const change of await judgements.listWaiting(model)) {
      const { alarm, changedAt, subject } = change;
      const newest = await judgements.newestChange(model, alarm);
      if (subject && (newest === undefined || newest <= changedAt)) {
        // The same change is judged a second time, under a name of its own.
        const again = { ...change, alarm: `${alarm} after ${endedRunId}` };
        const found = await this.#judgeOnce(again, subject, policy, endedRunId);
        judged.push(found);
        if (found.action === 'wait') continue;
      }
      await judgements.stopWaiting(model, change);
      if (/train/.test(judged.at(-1)?.action ?? '')) break;
    }
    return judged;
  }

  async #judgeOnce(
    change: AlarmChange,
    subject: Subject,
    policy: ModelDefinition['retrain'],
    endedRunId?: string,
  ): Promise<Judged> {
    const made = await this.#decideOnce(change, subject, policy, endedRunId);
    if (made.status === 'done') return toJudged(made, made.decision.page, made.outcome ?? '', true);
    const { outcome, page } = await this.#perform(made, change);
    await this.#log(made, change, outcome);
    const isFirst = await this.#parts.judgements.finish(made, outcome);
    return toJudged(made, made.decision.page || page, outcome, !isFirst);
  }

  /** The decision about a change: the one that is on record, or a new one that is put there before anything is done. */
  async #decideOnce(
    change: AlarmChange,
    subject: Subject,
    policy: ModelDefinition['retrain'],
    endedRunId: string | undefined,
  ): Promise<Judgement> {
    const { judgements } = this.#parts;
    const { alarm, changedAt } = change;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const known = await judgements.find(subject.model, alarm, changedAt);
      if (known) return known;
      const newest = await judgements.newestChange(subject.model, alarm);
      const isStale = newest !== undefined && newest > changedAt;
      const { situation, live } = await lookAround(this.#parts, change, { ...subject, policy, endedRunId });
      const decision: Decision = isStale
        ? { action: 'leave', reason: `the alarm changed again since, at ${newest}`, page: false }
        : decide(situation);
      const made: Judgement = {
        model: subject.model,
        alarm,
        symptom: subject.symptom,
        changedAt,
        decision,
        decidedAt: situation.now.toISOString(),
        revision: live.revision,
        status: 'decided',
        outcome: null,
      };
      const { action } = decision;
      const request = action === 'retrain' || action === 'shadow-train' ? requestOf(made, action) : undefined;
      const step = request && {
        before: situation.retrains,
        after: oneMoreRetrain(
          situation.retrains,
          live.champion?.version,
          situation.now,
          this.#parts.runIdOf(request),
        ),
      };
      if (await judgements.keep(made, step, isStale)) return made;
    }
    throw new EvergreenError(
      'service-unavailable',
      `alarm ${alarm} is being judged by others; it is delivered again`,
    );
  }

  /** Does what was decided. May be called again after a crash: what was done is not done again. */
  async #perform(made: Judgement, change: AlarmChange): Promise<{ outcome: string; page: boolean }> {
    const { decision, model } = made;
    try {
      switch (decision.action) {
        case 'leave':
          return { outcome: 'left alone', page: false };
        case 'withdraw-candidate': {
          const change = { kind: 'withdraw-candidate', version: decision.version } as const;
          await this.#parts.registry.change(model, change, this.#by(made));
          return { outcome: `version ${decision.version} takes no traffic`, page: false };
        }
        case 'roll-back':
          return { outcome: await this.#rollBack(made, decision), page: false };
        case 'wait': {
          // What is judged again keeps the name under which it came.
          const alarm = change.alarm.replace(/ after .*$/, '');
          await this.#parts.judgements.keepWaiting(model, { ...change, alarm });
          // Whoever tells of its end may have done so before the change was kept.
          if ((await this.#parts.findRunInFlight(model)) !== decision.runId) {
            await this.judgeWaiting(model, decision.runId);
          }
          return { outcome: `kept until run ${decision.runId} has ended`, page: false };
        }
        case 'shadow-train':
        case 'retrain': {
          const request = requestOf(made, decision.action);
          await this.#parts.requestRetrain(request);
          return { outcome: `${request.kind} ${request.requestId} was asked for`, page: false };
        }
      }
    } catch (thrown) {
      // Not to be had by trying again: what is live stays, and a person is called.
      if (
        thrown instanceof EvergreenError &&
        (thrown.kind === 'not-allowed' || thrown.kind === 'not-found')
      ) {
        return { outcome: `could not be done: ${thrown.message}`, page: true };
      }
      throw thrown;
    }
  }

  /** Only the version that is to blame is rolled back, and only to the one that was chosen: twice is the same as once. */
  async #rollBack(
    made: Judgement,
    { version, toVersion }: Extract<Decision, { action: 'roll-back' }>,
  ): Promise<string> {
    const { registry } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      const live = await registry.readLive(made.model);
      if (live.champion?.version === toVersion) return `version ${toVersion} is the champion`;
      if (live.champion?.version !== version) {
        return `version ${live.champion?.version ?? 'none'} took over meanwhile; it stays`;
      }
      try {
        const change = { kind: 'roll-back', toVersion, expectedRevision: live.revision } as const;
        await registry.change(made.model, change, this.#by(made));
        return `version ${toVersion} is the champion again`;
      } catch (thrown) {
        // Somebody was faster, perhaps with this very change: look again.
        const isConflict =
          thrown instanceof EvergreenError &&
          (thrown.code === 'revision-conflict' || thrown.code === 'version-not-servable');
        if (!isConflict || attempt === attempts) throw thrown;
      }
    }
  }

  #by({ alarm, changedAt, decision }: Judgement): By {
    return {
      who: `alarm:${alarm}`,
      why: decision.reason,
      at: this.#parts.now().toISOString(),
      details: { alarm, changedAt },
    };
  }

  /** The line has the time of the decision, so that a repeated attempt writes the same line. */
  async #log(made: Judgement, { state, says }: AlarmChange, outcome: string): Promise<void> {
    const { champion } = await this.#parts.registry.readLive(made.model);
    const { alarm, symptom, changedAt, decision } = made;
    const version = 'version' in decision ? decision.version : (champion?.version ?? null);
    await this.#parts.registry.appendLog({
      model: made.model,
      at: made.decidedAt,
      revision: made.revision,
      action: 'alarm-judged',
      version,
      championBefore: decision.action === 'roll-back' ? decision.version : (champion?.version ?? null),
      championAfter: champion?.version ?? null,
      who: `alarm:${alarm}`,
      why: decision.reason,
      details: { symptom, state, changedAt, says, decision, outcome },
    });
  }
}

/** What a judgement asks intake for. */
function requestOf(
  { decision, model, alarm, changedAt, symptom }: Judgement,
  action: 'retrain' | 'shadow-train',
): RetrainRequest {
  const kind = action === 'retrain' ? 'retrain' : 'shadow-retrain';
  return { kind, model, reason: `${symptom}: ${decision.reason}`, requestId: `${alarm}@${changedAt}` };
}

function toJudged(made: Judgement, page: boolean, outcome: string, isRepeat: boolean): Judged {
  const { alarm, model, decision } = made;
  return { alarm, model, action: decision.action, reason: decision.reason, page, isRepeat, outcome };
}
