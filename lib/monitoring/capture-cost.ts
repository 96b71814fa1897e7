import { usdOf } from '../shared/prices.ts';

/** What was captured of a model in one day, as it lies in the bucket. */
export interface CapturedDay {
  bytes: number;
  objects: number;
}

const gb = 1e9;
export const daysOfMonth = 30;
const keptMonths = 3;

/**
 * What keeping as much each day costs in a month, in USD: log ingestion, receipts, objects, and three months of storage.
 *
 * @param day One whole day of captures.
 */
export function captureCostPerMonth({ bytes, objects }: CapturedDay): number {
  const perDay =
    (bytes / gb) * usdOf('logsIngested') +
    (bytes / 1024) * usdOf('tableWrite') +
    objects * usdOf('objectPut');
  return perDay * daysOfMonth + ((bytes * daysOfMonth * keptMonths) / gb) * usdOf('objectStorage');
}
