import type { VersionCost } from '../registry/card/model-card.ts';
import { usdOf } from '../shared/prices.ts';
import { type CapturedDay, captureCostPerMonth, daysOfMonth } from './capture-cost.ts';

/** What a model used in 24 hours. */
export interface DayUsage {
  /** Requests answered or failed by its versions, and milliseconds that answering took in all. */
  requests: number;
  latencyMs: number;
  captured: CapturedDay;
  /** Of the versions that were registered. */
  trainings: VersionCost[];
}

/** The machine that answers. */
export interface ServingMachine {
  memoryMib: number;
  architecture: 'arm64' | 'x86_64';
}

/** In USD, of one day. */
export interface DayCost {
  predictions: number;
  captures: number;
  training: number;
  total: number;
  /** Instance types of trainings whose price nobody said: they count as nothing. */
  unpriced: string[];
}

/** What an instance-hour costs where the definition does not say it. */
const trainingPrice = (instanceType: string): number | undefined =>
  instanceType === 'ml.m5.large' ? usdOf('trainingM5Large') : undefined;

const pricePerHourOf = ({ pricePerHour, instanceType }: VersionCost) =>
  pricePerHour ?? trainingPrice(instanceType);

/**
 * What a model cost in a day by what it used: requests at the gateway, the firewall and the function, captures with their
 * logs, receipts and storage, and the training of the versions that were registered.
 *
 * Left out: what the platform costs in a month whether or not anybody asks, starts of processes, and runs whose training
 * led to no version.
 */
export function costOfDay(
  { requests, latencyMs, captured, trainings }: DayUsage,
  { memoryMib, architecture }: ServingMachine,
): DayCost {
  const perGbSecond = usdOf(architecture === 'arm64' ? 'lambdaArm64' : 'lambdaX64');
  const perRequest = usdOf('restApiRequest') + usdOf('firewallRequest') + usdOf('lambdaRequest');
  const predictions = requests * perRequest + (latencyMs / 1000) * (memoryMib / 1024) * perGbSecond;
  const captures = captureCostPerMonth(captured) / daysOfMonth;
  const training = trainings.reduce(
    (sum, each) => sum + (each.trainingSeconds / 3600) * each.instances * (pricePerHourOf(each) ?? 0),
    0,
  );
  const unpriced = trainings.filter((each) => pricePerHourOf(each) === undefined);
  return {
    predictions,
    captures,
    training,
    total: predictions + captures + training,
    unpriced: [...new Set(unpriced.map(({ instanceType }) => instanceType))],
  };
}
