import type { RetrainRequest } from '../intake/arrival.ts';
import type { ModelDefinition } from '../model/definition.ts';
import type { By, RegistryStore } from '../registry/registry.store.ts';
import type { Live } from '../registry/registry.ts';
import { EvergreenError } from '../shared/errors.ts';
import type { AlarmChange } from './alarm-change.ts';
import { type Decision, decide, oneMoreRetrain, type Situation } from './decide.ts';
import type { Judgement } from './judgement.ts';
import type { JudgementStore } from './judgements.store.ts';

export interface RemediatorParts {
  registry: Pick<RegistryStore, 'readLive' | 'readLog' | 'change' | 'appendLog'>;
  judgements: Pick<JudgementStore, 'find' | 'newestChange' | 'readRetrains' | 'keep' | 'finish'>;
  /** A run of the model that has not ended, if any. */
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
    const made = await this.#decideOnce(change, subject, policy);
    if (made.status === 'done') return toJudged(made, made.decision.page, made.outcome ?? '', true);
    const { outcome, page } = await this.#perform(made);
    await this.#log(made, change, outcome);
    const isFirst = await this.#parts.judgements.finish(made, outcome);
    return toJudged(made, made.decision.page || page, outcome, !isFirst);
  }

  /** The decision about a change: the one that is on record, or a new one that is put there before anything is done. */
  async #decideOnce(
    change: AlarmChange,
    subject: Subject,
    policy: ModelDefinition['retrain'],
  ): Promise<Judgement> {
    const { judgements } = this.#parts;
    const { alarm, changedAt } = change;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const known = await judgements.find(subject.model, alarm, changedAt);
      if (known) return known;
      const newest = await judgements.newestChange(subject.model, alarm);
      const isStale = newest !== undefined && newest > changedAt;
      const { situation, live } = await this.#look(change, subject, policy);
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
      const step =
        decision.action === 'retrain'
          ? { before: situation.retrains, after: oneMoreRetrain(situation) }
          : undefined;
      if (await judgements.keep(made, step, isStale)) return made;
    }
    throw new EvergreenError(
      'service-unavailable',
      `alarm ${alarm} is being judged by others; it is delivered again`,
    );
  }

  async #look(
    { state, changedAt }: AlarmChange,
    { model, symptom }: Subject,
    policy: ModelDefinition['retrain'],
  ): Promise<{ situation: Situation; live: Live }> {
    const { registry, judgements, findRunInFlight, now } = this.#parts;
    const [live, retrains, runInFlight] = await Promise.all([
      registry.readLive(model),
      judgements.readRetrains(model),
      findRunInFlight(model),
    ]);
    const isRestored = await this.#wasRestored(live);
    return {
      live,
      situation: {
        symptom,
        state,
        changedAt,
        now: now(),
        live,
        isRestored,
        policy,
        retrains,
        runInFlight,
      },
    };
  }

  /** A champion since a rollback has the time of that line of the log. */
  async #wasRestored({ model, champion }: Live): Promise<boolean> {
    if (!champion) return false;
    const lines = await this.#parts.registry.readLog(model, { from: champion.since, to: champion.since });
    return lines.some(({ action, version }) => action === 'rolled-back' && version === champion.version);
  }

  /** Does what was decided. May be called again after a crash: what was done is not done again. */
  async #perform(made: Judgement): Promise<{ outcome: string; page: boolean }> {
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
        case 'retrain': {
          const requestId = `${made.alarm}@${made.changedAt}`;
          const reason = `${made.symptom}: ${decision.reason}`;
          await this.#parts.requestRetrain({ kind: 'retrain', model, reason, requestId });
          return { outcome: `retrain ${requestId} was asked for`, page: false };
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

function toJudged(made: Judgement, page: boolean, outcome: string, isRepeat: boolean): Judged {
  const { alarm, model, decision } = made;
  return { alarm, model, action: decision.action, reason: decision.reason, page, isRepeat, outcome };
}
