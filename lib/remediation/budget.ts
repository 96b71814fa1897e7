import type { ModelDefinition } from '../model/definition.ts';

type Policy = Pick<ModelDefinition['retrain'], 'cooldownMinutes' | 'mostPerDay'>;

/** What was asked for by alarms, labels and new code before. */
export interface Retrains {
  lastRetrainAt: string;
  /** Retrains that were asked for since this version is champion: so far none of them brought a better one. */
  championVersion: number;
  attempts: number;
  /** When retrains were asked for in the last 24 hours. */
  recent?: string[] | undefined;
  /** The run that the last one is or will be. */
  runId?: string | undefined;
}

/** After so many retrains without a new champion a person is called instead. */
export const maxFruitlessRetrains = 3;

const dayMs = 24 * 3_600_000;

/** A clock that was set back must not shorten the wait: time that seems to run backwards counts as no time. */
export function coolDownLeftMinutes(retrains: Retrains | undefined, policy: Policy, now: Date): number {
  if (!retrains) return 0;
  const elapsed = Math.max(0, now.getTime() - Date.parse(retrains.lastRetrainAt)) / 60_000;
  return Math.max(0, policy.cooldownMinutes - elapsed);
}

export function fruitlessRetrains(
  retrains: Retrains | undefined,
  championVersion: number | undefined,
): number {
  return retrains && retrains.championVersion === championVersion ? retrains.attempts : 0;
}

export function retrainsOfDay(retrains: Retrains | undefined, now: Date): string[] {
  return (retrains?.recent ?? []).filter((time) => now.getTime() - Date.parse(time) < dayMs);
}

/** The record of retrains after one more. */
export function oneMoreRetrain(
  retrains: Retrains | undefined,
  championVersion: number | undefined,
  now: Date,
  runId: string,
): Retrains {
  return {
    runId,
    lastRetrainAt: now.toISOString(),
    championVersion: championVersion ?? 0,
    attempts: fruitlessRetrains(retrains, championVersion) + 1,
    recent: [...retrainsOfDay(retrains, now), now.toISOString()],
  };
}
