/** What was captured of a model in one day, as it lies in the bucket. */
export interface CapturedDay {
  bytes: number;
  objects: number;
}

/*
 * Prices of us-east-1 in USD, without free tiers, discounts and taxes, as bench/prices.json has them with their sources.
 * They are for an order of magnitude; the bill is AWS's.
 */
const prices = {
  logsIngestedPerGb: 0.5,
  tableWritePerKb: 0.000000625,
  objectPut: 0.000005,
  storagePerGbMonth: 0.023,
};

const gb = 1e9;
const daysOfMonth = 30;
const keptMonths = 3;

/**
 * What keeping as much each day costs in a month, in USD: log ingestion, receipts, objects, and three months of storage.
 *
 * @param day One whole day of captures.
 */
export function captureCostPerMonth({ bytes, objects }: CapturedDay): number {
  const perDay =
    (bytes / gb) * prices.logsIngestedPerGb +
    (bytes / 1024) * prices.tableWritePerKb +
    objects * prices.objectPut;
  return perDay * daysOfMonth + ((bytes * daysOfMonth * keptMonths) / gb) * prices.storagePerGbMonth;
}
